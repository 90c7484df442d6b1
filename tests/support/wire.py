"""A COMMIT that meets with a fault on the wire."""

from structlog.testing import capture_logs

from cqrs.messaging import bus
from tests.support.faults import execute, retries
from tests.support.tcp_proxy import Fault, Proxy

COMMITTED = Fault(reaches_server=True)
LOST = Fault(reaches_server=False)


def broken(wire: Proxy, fault: Fault, command, payload, key=None):
    """Send a command whose COMMIT meets the fault; return its answer and why it was retried."""
    execute("SELECT 1")
    wire.fault = fault
    with capture_logs() as logs:
        result = bus.send(command, payload, idempotency_key=key)
    assert wire.fault is None
    return result, retries(logs)
