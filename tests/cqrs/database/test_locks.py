"""Advisory locks: what they exclude, and what they leave alone."""

import pytest
from django.db import transaction

from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.database.locks import LockSpace, lock, lock_key, session_lock, try_lock
from tests.support.faults import execute
from tests.support.threads import together

pytestmark = pytest.mark.postgresql_version

HELD = """
SELECT array_agg(classid::bigint >> 24 ORDER BY classid) FROM pg_locks
WHERE locktype = 'advisory' AND pid = pg_backend_pid()
"""


def try_anew(*names: str) -> bool:
    """Try the table copy's lock in a transaction that ends at once."""
    with transaction.atomic():
        return try_lock(LockSpace.TABLE_COPY, *names)


class TestLockKey:
    def test_carries_its_space_in_the_first_byte(self):
        for names in [(), ("a",), ("clerk", "CreateOrder", "k-1")]:
            keys = [lock_key(space, *names) for space in LockSpace]
            assert [key >> 56 for key in keys] == list(LockSpace)

    def test_is_a_positive_bigint_in_every_space(self):
        assert all(0 < space < 128 for space in LockSpace)

    def test_differs_where_the_joined_names_are_equal(self):
        names = [("a", "b:c"), ("a:b", "c"), ("ab", "c"), ("a", "bc"), ("abc",)]
        assert len({lock_key(LockSpace.IDEMPOTENCY_KEY, *each) for each in names}) == 5

    def test_is_the_same_in_every_process(self):
        assert lock_key(LockSpace.NEW_AGGREGATE, "order", "1") == 0x03EE_77DD_1C31_BBEA


@pytest.mark.django_db(transaction=True)
class TestTransactionLock:
    def test_excludes_others_until_the_transaction_ends(self):
        with transaction.atomic():
            lock(LockSpace.TABLE_COPY, "a")
            assert together(lambda: try_anew("a"), lambda: try_anew("b")) == [False, True]
        assert together(lambda: try_anew("a")) == [True]

    def test_shows_its_space_in_pg_locks(self):
        with transaction.atomic():
            lock(LockSpace.SEQUENCER)
            assert try_lock(LockSpace.NEW_AGGREGATE, "order", "1")
            assert execute(HELD) == [LockSpace.SEQUENCER, LockSpace.NEW_AGGREGATE]


@pytest.mark.django_db(transaction=True)
class TestSessionLock:
    def test_excludes_others_until_the_block_ends(self):
        with session_lock(LockSpace.TABLE_COPY, "a") as is_held:
            assert is_held
            with transaction.atomic():
                pass
            assert together(lambda: try_anew("a"), lambda: try_anew("b")) == [False, True]
        assert together(lambda: try_anew("a")) == [True]

    def test_says_when_another_session_holds_it(self):
        def hold() -> bool:
            with session_lock(LockSpace.TABLE_COPY, "a") as is_held:
                return is_held

        with session_lock(LockSpace.TABLE_COPY, "a"):
            assert together(hold) == [False]
            assert together(hold) == [False]  # the first one released nothing of ours
        assert together(hold) == [True]

    @pytest.mark.django_db(transaction=True, databases=["default", PROJECTION_ALIAS])
    def test_of_one_database_leaves_the_other_alone(self):
        with session_lock(LockSpace.TABLE_COPY, "a", using=PROJECTION_ALIAS):
            assert together(lambda: try_anew("a")) == [True]
