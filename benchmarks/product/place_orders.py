"""Place orders on the bus, without HTTP: `… place_orders CLIENTS SECONDS`."""

import json
import multiprocessing
import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def place(client: int, seconds: float) -> int:
    """Place one order after the other; return how many."""
    import django

    django.setup()
    from benchmarks.writes import payloads
    from cqrs import bus
    from cqrs.context import system_context, use_context
    from cqrs.results import Ok
    from orders.commands.create_order import CreateOrder

    orders = payloads()
    count = 0
    with use_context(system_context(actor="bench")):
        bus.send(CreateOrder, orders[client])
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            result = bus.send(CreateOrder, orders[(client * 61 + count) % len(orders)])
            assert isinstance(result, Ok), result
            count += 1
    return count


if __name__ == "__main__":
    clients, seconds = int(sys.argv[1]), float(sys.argv[2])
    with multiprocessing.get_context("spawn").Pool(clients) as pool:
        counts = pool.starmap(place, [(n, seconds) for n in range(clients)], chunksize=1)
    print(json.dumps({"rate": sum(counts) / seconds}))
