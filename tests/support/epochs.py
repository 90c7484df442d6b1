"""Another epoch of the log, as after a heal, on both databases."""

from collections.abc import Iterator

import pytest

from cqrs.models import FeedHead
from cqrs.projections.lag import read_lag
from cqrs.projections.models import LogEpoch

LATER, LATEST = 77, 262_144_000_000_007


def healed(epoch: int = LATER) -> None:
    """Give the log another epoch, which processes that run do not know yet."""
    FeedHead.objects.update(epoch=epoch)
    LogEpoch.objects.update(epoch=epoch)


@pytest.fixture
def asked_anew() -> Iterator[None]:
    """Let no test know the epoch of another one."""
    read_lag.forget()
    yield
    read_lag.forget()
