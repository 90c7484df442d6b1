"""The write database in another server, where neither the slot nor the offset fits."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cdc.adopted import assert_verified, outside, wait_until_all_is_read
from tests.support.backups import dumped, restored_from
from tests.support.capturing import CaptureProcess
from tests.support.desk import Desk, served_desk, wait_for
from tests.support.placing import place
from tests.support.servers import PrivatePostgres, on_two_servers, private_postgres
from tests.support.sides import assert_agree, is_level

RAW_UPDATES = 7
RENAME = f"""
UPDATE customers_customer SET name = name || ' Outside'
WHERE id IN (SELECT id FROM customers_customer ORDER BY id LIMIT {RAW_UPDATES})
"""


@pytest.fixture(scope="module")
def servers() -> Iterator[list[PrivatePostgres]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(private_postgres(Path(tempfile.mkdtemp(prefix="order-desk-"))))
            for _ in range(2)
        ]


@pytest.fixture(scope="module")
def any_desk(servers: list[PrivatePostgres]) -> Iterator[Desk]:
    """Return a desk whose databases are both in the first server."""
    with served_desk(**servers[0].variables, CDC_HEARTBEAT_S="1") as desk:
        yield desk


def move(desk: Desk, servers: list[PrivatePostgres], file: Path) -> None:
    """Restore the write database into the second server, and serve from there."""
    before, after = servers
    desk.stop()
    restored_from(dumped(before.url, file), after.url)
    desk.environment.update(on_two_servers(after, before))
    desk.start(**desk.running_with)


def missed(capture: CaptureProcess) -> list[str]:
    """Return the lines which say that changes may be missed."""
    lines = capture.log.read_text().splitlines()
    return [line for line in lines if "changes_may_be_missed" in line]


def wait_until_compared(capture: CaptureProcess) -> None:
    wait_for(lambda: capture.row()["scan_due"] is False, 60)


class TestRestoredIntoAnotherServer:
    def test_is_said_and_nothing_is_missed(
        self, desk: Desk, capture: CaptureProcess, servers: list[PrivatePostgres], tmp_path: Path
    ):
        capture.start()
        place(desk, 3)
        wait_for(lambda: is_level(desk), 60)
        wait_until_compared(capture)
        assert capture.stop() == 0
        before = missed(capture)

        move(desk, servers, tmp_path / "default.dump")
        desk.execute("default", RENAME)
        place(desk, 3)
        assert not is_level(desk)
        capture.start()
        wait_until_compared(capture)
        wait_until_all_is_read(desk)
        assert outside(desk) == RAW_UPDATES
        assert_agree(desk)
        assert_verified(desk)
        *earlier, said = missed(capture)
        assert earlier == before
        assert "there was no slot" in said

        capture.stop()
        place(desk, 1)
        capture.start()
        wait_until_all_is_read(desk)
        assert missed(capture) == [*earlier, said]
        assert capture.row()["scan_due"] is False
        assert outside(desk) == RAW_UPDATES
