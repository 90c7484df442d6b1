"""One transaction that advances partitions: claim, read, load, fold, write, save the checkpoints.

Its statements go in a pipeline: the claim and the parked events, all loads, all writes with the
checkpoints. So a round costs the same number of waits for one consumer and for all of them.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from itertools import islice

from django.db import Error

from cqrs.consumers.announcements import announce
from cqrs.consumers.parking import Parking
from cqrs.consumers.partitions import Partitions
from cqrs.consumers.parts import Part
from cqrs.database.cursors import server_cursor
from cqrs.database.pipelines import pipelined_transaction, sync
from cqrs.database.statements import Selected, execute
from cqrs.messaging.tracing import Span, work


class _Undone(Exception):
    """Ends the transaction of a trial."""


class Round:
    """Advances partitions; then `parts` are those of the consumers that it has advanced.

    A part that fails in memory, or has much to follow up, leaves the round, unless it is the only
    one. `left` are those parts. `head` is that of the log, `age_s` ago, if that is known.
    """

    def __init__(self, partitions: Partitions, parking: Parking) -> None:
        self.partitions = partitions
        self.parking = parking
        self.parts: Sequence[Part] = ()
        self.left: list[Part] = []
        self.head = 0
        self.age_s: float | None = None

    @property
    def passed(self) -> int:
        """Return the number of positions, of all partitions."""
        moves = [move for part in self.parts for move in part.moves]
        return sum(reached.position - each.position for each, reached in moves)

    def run(
        self,
        claim: Callable[[], Sequence[Part]],
        lock_timeout_ms: int = 0,
        *,
        is_trial: bool = False,
    ) -> None:
        """Run the transaction, with the parts that `claim` returns; a trial is rolled back.

        Waits up to `lock_timeout_ms` for each lock; 0: without end.
        """
        undoing = suppress(_Undone) if is_trial else nullcontext()
        transaction = pipelined_transaction(self.partitions.alias, lock_timeout_ms=lock_timeout_ms)
        with undoing, work("apply") as applying, transaction:
            self.parts = claim()
            self._stay(Part.start)
            if applying.is_recorded and not is_trial:
                self._note(applying)
            loads = [load for part in self.parts for load in part.loads]
            loading = Selected(self.partitions.alias, loads)
            if loads:
                sync(self.partitions.alias)
            rows = iter(loading.rows())
            self._stay(lambda part: part.fold(list(islice(rows, len(part.loads)))))
            self._write()
            if is_trial:
                self._undo()

    def _note(self, applying: Span) -> None:
        """Name the consumers and the traces of the events, if there are events."""
        batches = {each.consumer.name: each.batch.events for each in self.parts if each.batch}
        events = {event.position: event for some in batches.values() for event in some}
        if events:
            metadata = (events[position].metadata for position in sorted(events))
            traces = (each.get("traceparent") for each in metadata if isinstance(each, dict))
            applying.found(traces, consumers=[*batches], events=len(events), position=max(events))

    def _undo(self) -> None:
        """Wait for the statements, any of which may raise, and roll back."""
        cursor = server_cursor(self.partitions.alias)
        cursor.execute("SELECT 1")
        cursor.fetchall()
        raise _Undone

    def _stay(self, phase: Callable[[Part], bool]) -> None:
        """Run a phase that writes nothing; the parts stay for which it succeeds."""
        if len(self.parts) == 1:
            phase(self.parts[0])
            return
        self.parts = [part for part in self.parts if self._stays(part, phase)]

    def _stays(self, part: Part, phase: Callable[[Part], bool]) -> bool:
        try:
            stays = phase(part)
        except Error:
            raise  # the pipeline is aborted: no part can go on
        except Exception:  # noqa: BLE001  it shows again when the part is alone
            stays = False
        if not stays:
            self.left.append(part)
        return stays

    def _write(self) -> None:
        """Write all together: the rows, and the checkpoints with the time of the look."""
        alias = self.partitions.alias
        writes = [write for part in self.parts for write in part.writes]
        if moves := [move for part in self.parts for move in part.moves]:
            writes.append(self.partitions.advance(moves, self.head, self.age_s))
        execute(alias, writes)
        for part in self.parts:
            part.park(self.parking)
            if part.batch:
                part.batch.follow_up()
        applied = [(each.consumer, each.batch.events) for each in self.parts if each.batch]
        announce(applied, using=alias)
