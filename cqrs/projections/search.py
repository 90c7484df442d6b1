"""What searches look into, written where it is new and nowhere else."""

from collections.abc import Callable, Mapping

from cqrs.projections.engine import Row, RowState, Table
from cqrs.projections.read_models import SearchText


class SearchTable(Table):
    """The texts of a read model's rows. It is only written: a text is made of the row it is of.

    Each is the row's as it is now, so no version guards it: whoever writes has the row.
    """

    guard = ""

    def __init__(
        self,
        model: type[SearchText],
        text: Callable[[RowState], str],
        partition_key: str = "id",
        **computed: Callable[[RowState], str],
    ) -> None:
        super().__init__(model, partition_key, search_text=text, **computed)
        self.text = text

    def texts(self, rows: Mapping[str, Row]) -> dict[str, str]:
        """Return what is stored of the rows: ask before events are folded into them."""
        return {key: self.text(row.document) for key, row in rows.items()}

    def update(self, rows: Mapping[str, Row], stored: Mapping[str, str]) -> None:
        """Write the texts that are not as they were."""
        self.upsert(
            {key: row for key, row in rows.items() if stored.get(key) != self.text(row.document)}
        )
