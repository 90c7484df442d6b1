"""python-cqrs's mediator alone, without middleware: messages per second of one process.

Run as a file and not as a module, because the library's package is called `cqrs`, as the product's
kernel is.
"""

import asyncio
import json
import time

import di
from cqrs.bootstrap import requests
from cqrs.container.di import DIContainer

import cqrs

COUNT = 50_000


class Ping(cqrs.Request):
    number: int
    text: str


class Pong(cqrs.Response):
    number: int


class Handler(cqrs.RequestHandler[Ping, Pong]):
    async def handle(self, request: Ping) -> Pong:
        return Pong(number=request.number)


async def measure(count: int) -> float:
    container = DIContainer()
    container.attach_external_container(di.Container())
    mediator = requests.setup_mediator(  # `bootstrap` would add its logging
        requests.setup_event_emitter(container),
        container,
        middlewares=[],
        commands_mapper=lambda mapper: mapper.bind(Ping, Handler),
    )
    await mediator.send(Ping(number=1, text="x"))
    started = time.perf_counter()
    for number in range(count):
        await mediator.send(Ping(number=number, text="x"))
    return time.perf_counter() - started


if __name__ == "__main__":
    seconds = asyncio.run(measure(COUNT))
    print(json.dumps({"messages": COUNT, "seconds": seconds}))
