"""A desk with change data capture, and Debezium's engine over the tests' own database."""

from collections.abc import Iterator

import pytest

from tests.cdc.shelves import CREATE, DROP, execute
from tests.support.capturing import CaptureProcess
from tests.support.desk import Desk, served_desk


@pytest.fixture(scope="package")
def any_desk() -> Iterator[Desk]:
    with served_desk(CDC_HEARTBEAT_S="1") as desk:
        desk.start()  # loads the demo data, which the workers project
        yield desk


@pytest.fixture
def desk(any_desk: Desk) -> Desk:
    """Return the desk without workers: nothing projects but what is under test."""
    any_desk.start(WORKER="0", READMODEL_SYNC="cdc")
    return any_desk


@pytest.fixture(scope="module")
def any_capture(any_desk: Desk) -> Iterator[CaptureProcess]:
    process = CaptureProcess(any_desk)
    yield process
    process.end()


@pytest.fixture
def capture(desk: Desk, any_capture: CaptureProcess) -> CaptureProcess:
    """Return it as the test before has left it: starting takes seconds."""
    return any_capture


@pytest.fixture
def shelves(transactional_db: None) -> Iterator[None]:
    """Make the shelves in the tests' own database."""
    execute(CREATE)
    yield
    execute(DROP)
