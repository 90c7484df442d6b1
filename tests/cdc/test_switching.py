"""Celery and change data capture in turn, and both at once, while orders come."""

from tests.support.capturing import CaptureProcess
from tests.support.desk import Desk, wait_for
from tests.support.placing import Placing, placing
from tests.support.sides import assert_agree, is_level

STEP = 20


def more(orders: Placing) -> None:
    """Wait until some more orders are placed."""
    due = len(orders.placed) + STEP
    wait_for(lambda: len(orders.placed) >= due, 60)


class TestSwitching:
    def test_under_traffic_ends_as_one_way_alone(self, desk: Desk, capture: CaptureProcess):
        desk.start(READMODEL_SYNC="celery")
        with placing(desk) as orders:
            more(orders)
            capture.start()  # both
            more(orders)
            desk.start(WORKER="0", READMODEL_SYNC="cdc")
            more(orders)
            desk.start(READMODEL_SYNC="celery")
            more(orders)
            capture.stop()
            more(orders)
        wait_for(lambda: is_level(desk), 30)
        assert_agree(desk)
        code, said, failed = desk.run("projections", "verify")
        assert code == 0, said + failed
