"""Rows that a command relies on, of any model."""

from typing import Any

import pytest
from django.db import connection, models
from django.test.utils import isolate_apps

from cqrs.event_log.aggregates import Aggregate
from cqrs.event_log.relied_rows import find_unlocked, load_shared
from cqrs.messaging.ids import uuid7
from cqrs.messaging.results import Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
@isolate_apps("cqrs")
def album() -> Any:
    """Return a model without digests, whose columns need quotes and conversion."""

    class Album(Aggregate):
        stream_type = "album"
        id = models.UUIDField(primary_key=True, db_column="Id")
        tracks = models.JSONField(db_column="order")

        class Meta:
            app_label = "cqrs"
            db_table = "Album"

        def __str__(self) -> str:
            return str(self.id)

    with connection.schema_editor() as editor:
        editor.create_model(Album)
    return Album


class TestRow:
    @pytest.mark.parametrize("load", [load_shared, find_unlocked])
    def test_is_loaded_as_the_orm_loads_it(self, album: Any, load: Any):
        stored = album.objects.create(id=uuid7(), version=2, tracks=[{"title": "One"}])
        found = load(album, stored.id)
        assert (type(found), found.version, found.tracks) == (album, 2, [{"title": "One"}])
        assert (found.pk, found._state.adding, found._state.db) == (stored.id, False, "default")

    def test_that_is_missing_is_none_or_refused(self, album: Any):
        assert find_unlocked(album, uuid7()) is None
        with pytest.raises(Refusal, match="There is no album"):
            load_shared(album, uuid7())
