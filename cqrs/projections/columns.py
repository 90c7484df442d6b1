"""The columns of a read table, and where their values come from."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

import orjson
from django.db import connections, models

from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.projections.rows import Row, RowState


class Columns:
    """The columns of a read model, the primary key first, each with the source of its value.

    | column | source |
    | --- | --- |
    | `document` | the whole state, as JSON |
    | `position` | the row's position |
    | one of `computed` | the result of the function, called with the state |
    | any other | the field of the same name in the state |

    Columns in `without` are those of another version of the projection.
    """

    def __init__(
        self,
        model: type[models.Model],
        computed: Mapping[str, Callable[[RowState], Any]],
        without: Collection[str] = (),
    ) -> None:
        self.model = model
        self.computed = computed
        self.without = without

    @cached_property
    def types(self) -> dict[str, str]:
        """Return the database type of each column, by name.

        The types go without lengths: a cast to `varchar(20)` cuts off what does not fit.
        """
        connection = connections[PROJECTION_ALIAS]
        fields = sorted(self.model._meta.concrete_fields, key=lambda field: not field.primary_key)
        return {
            str(field.column): str(field.db_type(connection)).split("(")[0]
            for field in fields
            if field.column not in self.without
        }

    @property
    def names(self) -> list[str]:
        return list(self.types)

    @property
    def key(self) -> str:
        """Return the name of the primary key."""
        return self.names[0]

    def values(self, name: str, rows: Sequence[Row]) -> list[Any]:
        """Return the column's value in each row."""
        if name == "document":
            return [orjson.dumps(row.state).decode() for row in rows]
        if name == "position":
            return [row.position for row in rows]
        if compute := self.computed.get(name):
            return [compute(row.state) for row in rows]
        return [row.state[name] for row in rows]
