"""The slot and the publication, on a real server."""

from collections.abc import Iterator

import psycopg
import pytest

from cqrs.cdc import publications, slots
from tests.support.kernel_settings import cqrs
from tests.support.waiting import BOTH

WATCHED = {"customers_customer": ("customer", "id")}


@pytest.fixture(autouse=True)
def _own_name(db: None) -> Iterator[None]:
    with cqrs(CDC_NAME="slots_test", CDC_DATABASE_URL="", CDC_OWNER_DATABASE_URL=""):
        yield
        slots.drop_slot()
        publications.drop_publication()


@pytest.mark.django_db(databases=BOTH, transaction=True)
class TestSlot:
    def test_is_none_before_it_is_made(self):
        assert slots.find_slot() is None
        assert slots.drop_slot() is False

    def test_shows_how_far_it_was_read(self):
        slots.create_slot()
        found = slots.find_slot()
        assert found is not None
        assert (found.active, found.status) == (False, "reserved")
        assert found.confirmed is not None
        assert found.confirmed <= slots.wal_end()
        assert found.lag <= found.retained
        assert slots.drop_slot() is True
        assert slots.find_slot() is None

    def test_is_made_once(self):
        slots.create_slot()
        with pytest.raises(psycopg.errors.DuplicateObject):
            slots.create_slot()


@pytest.mark.django_db(databases=BOTH, transaction=True)
class TestPublication:
    def test_has_the_event_table_and_the_watched_ones(self):
        assert not publications.has_publication()
        publications.publish(WATCHED)
        assert publications.published() == {"cqrs_event", "customers_customer"}

    def test_is_changed_in_place_when_other_tables_are_watched(self):
        publications.publish({})
        publications.publish(WATCHED)
        publications.publish(WATCHED)
        assert publications.published() == {"cqrs_event", "customers_customer"}


@pytest.mark.django_db(databases=BOTH)
class TestConnection:
    def test_gives_up_a_machine_that_has_vanished_and_a_server_that_hangs(self):
        with slots.capture_connection() as connection:
            found = connection.info.get_parameters()
            assert {name: found[name] for name in slots.LOST_HOST} == {
                name: str(value) for name, value in slots.LOST_HOST.items()
            }
            for name, value in (("statement_timeout", "30s"), ("lock_timeout", "5s")):
                assert connection.execute(f"SHOW {name}".encode()).fetchone() == (value,)

    def test_takes_the_limits_of_its_address(self):
        url = f"{slots._own_login()} tcp_user_timeout=7"
        with slots.connect(url) as connection:
            assert connection.info.get_parameters()["tcp_user_timeout"] == "7"
