"""Load the demo data through the command pipeline, once."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.demo import desk
from cqrs.event_log.sequencer import sequence
from cqrs.management.quiet import only_warnings
from cqrs.messaging import bus
from cqrs.messaging.context import system_context, use_context
from cqrs.messaging.messages import Command as Message
from cqrs.messaging.results import Rejected
from cqrs.projections.registry import projections, runner
from customers.public import ImportCustomer
from orders.commands import CreateOrder, SetStock
from orders.models import Order, StockItem


class Command(BaseCommand):
    """Place the demo orders that are missing, send their further commands, and project them.

    After an interruption it continues. When everything is there, it costs one query.
    """

    help = (
        "Load the demo customers, products and orders through the command pipeline. Example:"
        " manage.py load_demo. Exit codes: 0; 1 when a command was refused: run it again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with only_warnings():  # else a thousand lines
            self._load_missing()

    def _load_missing(self) -> None:
        now = datetime.now(UTC)
        orders = list(desk.orders(now))
        ids = [order.order_id for order in orders]
        versions = dict(Order.objects.filter(pk__in=ids).values_list("pk", "version"))
        missing = [
            order for order in orders if versions.get(order.order_id, 0) < 1 + len(order.steps)
        ]
        if missing:
            with use_context(system_context(actor="demo", origin="import")):
                self._load(now, missing, versions)
        _project()

    def _load(self, now: datetime, orders: list[desk.DemoOrder], versions: dict[Any, int]) -> None:
        for customer in desk.customers(now):
            _send(ImportCustomer, customer)
        stocked = set(StockItem.objects.values_list("pk", flat=True))
        for product in desk.products():
            if product["product_id"] not in stocked:
                _send(SetStock, product)
        for order in orders:
            version = versions.get(order.order_id, 0)
            if version == 0:
                _send(CreateOrder, order.payload)
            for step in order.steps[max(0, version - 1) :]:
                _send(step, {"order_id": order.order_id})
        self.stdout.write(f"Demo data: {len(orders)} orders placed")


def _send(command_type: type[Message], payload: dict[str, Any]) -> None:
    result = bus.send(command_type, payload)
    if isinstance(result, Rejected):
        raise CommandError(f"{command_type.__name__}: {result.code}: {result.message}")


def _project() -> None:
    sequence()
    for projection in projections():
        runner.drain(projection)
