"""The filter parameters of a query: each names the specification that it applies.

The message is the one declaration of a list's parameters. `filtersets` generates from it what
filters the rows and what a form shows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from django.db.models import Model, Q

from cqrs.messaging.messages import Query

NOT_GIVEN = (None, "", ())
"""Values of a parameter that keep every row."""


@dataclass(frozen=True, slots=True)
class FilterBy:
    """Mark a parameter as a filter, with the specification of its value.

    The values of a parameter that may be repeated are the specification's arguments. `choices`
    is what a form offers when the parameter's type does not list its values.
    """

    specification: Callable[..., Q]
    choices: tuple[str, ...] = ()

    def condition(self, value: Any) -> Q:
        return self.specification(*value) if type(value) is tuple else self.specification(value)


class FilteredQuery(Query):
    """Base of a query whose parameters filter the rows of one read model."""

    model: ClassVar[type[Model]]
    """The read model whose rows it filters."""


@cache
def filters_of(query_type: type[FilteredQuery]) -> Mapping[str, FilterBy]:
    """Return the filter parameters of a query."""
    return {
        name: mark
        for name, field in query_type.model_fields.items()
        for mark in field.metadata
        if isinstance(mark, FilterBy)
    }


def given_filters(query: FilteredQuery) -> set[str]:
    """Return the names of the filter parameters that have a value."""
    values = vars(query)
    return {name for name in filters_of(type(query)) if values[name] not in NOT_GIVEN}
