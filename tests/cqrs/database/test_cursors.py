import pytest

from cqrs.database.cursors import array, server_cursor

pytestmark = pytest.mark.postgresql_version

READ = pytest.mark.django_db(databases=["default", "replica"])


class TestArray:
    @READ
    @pytest.mark.parametrize(
        "values",
        [[], [""], ["a"], ['"', "\\", "{}", ",", "NULL", " x ", "\n", "Ö"], [None, "a", None]],
    )
    def test_is_what_postgresql_reads_back(self, values: list[str | None]) -> None:
        with server_cursor() as cursor:
            cursor.execute("SELECT %s::text[]", [array(values)])
            assert cursor.fetchone() == (values,)

    @READ
    def test_takes_numbers_and_truth(self) -> None:
        with server_cursor() as cursor:
            cursor.execute("SELECT %s::bigint[], %s::boolean[]", [array([1, -2]), array([True])])
            assert cursor.fetchone() == ([1, -2], [True])
