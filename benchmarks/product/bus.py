"""Messages per second through the bus with every behavior that needs no database.

The log lines are made and written as always, one per message, to standard error.
"""

import json
import os
import time
from typing import ClassVar

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
COUNT = 30_000


def main() -> None:
    from cqrs.behaviors.authorization import authorization
    from cqrs.behaviors.logging import logging
    from cqrs.behaviors.performance import performance
    from cqrs.behaviors.validation import validation
    from cqrs.messaging import pipeline
    from cqrs.messaging.context import Context, use_context
    from cqrs.messaging.messages import Command
    from cqrs.messaging.results import Ok, Result

    class Ping(Command):
        permission: ClassVar[str] = "bench.ping"

        number: int
        text: str

    def ping(message: Ping) -> Result[int]:
        return Ok(message.number)

    send = pipeline.build([logging, performance, authorization, validation], {Ping: ping})
    with use_context(Context(actor="bench", permissions=frozenset({"bench.ping"}))):
        send(pipeline.Dispatch(Ping, {"number": 1, "text": "x"}))
        started = time.perf_counter()
        for number in range(COUNT):
            send(pipeline.Dispatch(Ping, {"number": number, "text": "x"}))
        seconds = time.perf_counter() - started
    print(json.dumps({"messages": COUNT, "seconds": seconds}))


if __name__ == "__main__":
    django.setup()
    main()
