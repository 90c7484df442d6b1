"""Workers share a projection by its partitions, whose number may change."""

import pytest
from django.core.management import CommandError
from django.db import connections
from django.test.utils import CaptureQueriesContext

from cqrs.consumers.runner import Runner
from cqrs.projections.models import ParkedEvent
from cqrs.projections.registry import runner
from cqrs.rebuild.serving import repartition
from readmodels.models import OrderReadModel
from readmodels.projections import PROJECTIONS
from tests.support.built import projections
from tests.support.log import Log

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.postgresql_version,
]
ORDERS = PROJECTIONS[0]


class TestPartitions:
    def test_share_the_work_and_keep_each_aggregate_in_order(self) -> None:
        log = Log()
        for _ in range(40):
            log.confirm(log.order(log.customer()))
        log.sequenced()
        assert [place.partitions for place in runner.started(ORDERS)] == [4] * 4
        runner.drain(ORDERS)
        assert OrderReadModel.objects.filter(status="confirmed").count() == 40

    @pytest.mark.parametrize("partitions", [1, 3, 8, 256])
    def test_change_their_number_and_lose_nothing(self, partitions: int) -> None:
        log = Log()
        keys = [log.order(log.customer()) for _ in range(30)]
        log.sequenced()
        small = Runner(runner.partitions.model, ParkedEvent, "replica", batch=5, near=0)
        small.started(ORDERS)
        # Some partitions are farther than others then.
        small.drain(ORDERS, limit_s=0)
        for key in keys:
            log.confirm(key)
        log.sequenced()
        said = projections("repartition", "orders", "--partitions", str(partitions))
        assert f"orders: {partitions} partition(s)" in said
        for key in keys:
            log.ship(key)
        log.sequenced()
        runner.drain(*PROJECTIONS)
        assert runner.positions(ORDERS) == [120] * partitions
        assert OrderReadModel.objects.filter(status="shipped", version=3).count() == 30
        assert ParkedEvent.objects.count() == 0
        projections("repartition")
        assert runner.positions(ORDERS) == [120] * 4

    def test_are_refused_out_of_range(self) -> None:
        for number in ("0", "257"):
            with pytest.raises(CommandError, match="1 to 256"):
                projections("repartition", "--partitions", number)

    def test_near_the_head_one_read_of_the_feed_serves_all(self) -> None:
        log = Log()
        log.order(log.customer())
        log.projected()
        log.order(log.customer())
        log.sequenced()
        with CaptureQueriesContext(connections["default"]) as on_default:
            runner.drain(*PROJECTIONS)
        reads = [query for query in on_default if "schema_version" in (query["sql"] or "")]
        assert len(reads) == 1

    def test_are_one_where_rows_gather_from_everywhere(self) -> None:
        sales = next(each for each in PROJECTIONS if each.name == "sales")
        assert "stays 1" in projections("repartition", "sales", "--partitions", "4")
        with pytest.raises(ValueError, match="gathers over all"):
            repartition(sales, 4)
        assert len(runner.started(sales)) == 1
