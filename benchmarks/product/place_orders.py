"""Place orders on the bus, without HTTP: `… place_orders CLIENTS SECONDS [RATE]`.

The rate is that of all clients together; without one each goes as fast as it can.
"""

import json
import multiprocessing
import os
import sys
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def place(client: int, seconds: float, rate: float | None) -> int:
    """Place one order after the other; return how many."""
    import django

    django.setup()
    from benchmarks.pacing import repeat
    from benchmarks.writes import payloads
    from cqrs.messaging import bus
    from cqrs.messaging.context import system_context, use_context
    from cqrs.messaging.results import Ok
    from orders.commands.create_order import CreateOrder

    orders = payloads()

    def send(number: int) -> Any:
        result = bus.send(CreateOrder, orders[(client * 61 + number) % len(orders)])
        assert isinstance(result, Ok), result

    with use_context(system_context(actor="bench")):
        send(0)
        return repeat(seconds, rate, send)


if __name__ == "__main__":
    clients, seconds = int(sys.argv[1]), float(sys.argv[2])
    rate = float(sys.argv[3]) / clients if sys.argv[3:] else None
    with multiprocessing.get_context("spawn").Pool(clients) as pool:
        counts = pool.starmap(place, [(n, seconds, rate) for n in range(clients)], chunksize=1)
    print(json.dumps({"rate": sum(counts) / seconds}))
