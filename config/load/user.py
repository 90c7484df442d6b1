"""One user of the load, in a thread of its own."""

import threading
from random import Random

from config.load.caller import Caller, Stopped
from config.load.reads import Reads
from config.load.world import World
from config.load.writes import Writes

WRITES = 0.1
"""The share of commands among the requests."""


class User(threading.Thread):
    """Reads and writes until the run stops; stops it when enough orders were placed."""

    def __init__(self, caller: Caller, world: World, stop: threading.Event, seed: int) -> None:
        super().__init__(daemon=True)
        self.record = caller.record
        self.failure: BaseException | None = None
        self._caller, self._stop_event = caller, stop
        self._random = Random(seed)  # noqa: S311  not a secret
        self._reads = Reads(caller, world, self._random)
        self._writes = Writes(caller, world, self._random)

    def run(self) -> None:
        try:
            while not self._stop_event.is_set():
                self._one()
        except Stopped:
            pass
        except BaseException as error:  # noqa: BLE001  the main thread raises it
            self.failure = error
            self._stop_event.set()
        finally:
            self._caller.close()

    def _one(self) -> None:
        if self._random.random() >= WRITES:
            self._reads.one()
        elif not self._writes.one():
            self._stop_event.set()
