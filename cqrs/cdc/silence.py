"""How long the engine has said nothing: while its connections hang, it neither works nor ends."""

import time

MAX_FIRST_S = 3_600.0


class Silence:
    """Measures the silence of a process. One thread calls `end` and `begin`, any may ask."""

    def __init__(self, first_s: float, limit_s: float) -> None:
        self.has_heard = False
        self._first_s, self._limit_s = first_s, limit_s
        self._since: float | None = time.monotonic()

    def end(self) -> None:
        """Note a line. No time counts until `begin`: it is the reader who works now."""
        self._since, self.has_heard = None, True

    def begin(self) -> None:
        """Wait for the next line from now on."""
        self._since = time.monotonic()

    def complaint(self) -> str:
        """Return that the silence is longer than its limit; empty while it is not."""
        since, limit_s = self._since, self._limit_s if self.has_heard else self._first_s
        if since is None or time.monotonic() - since <= limit_s:
            return ""
        return f"nothing has come from the engine for {limit_s:g} s"

    def next_first_s(self, usual_s: float) -> float:
        """Return the limit for the first line of the next process: twice this one's, if it passed.

        An engine that was ended before its first line may have had much WAL to read.
        """
        if self.has_heard:
            return usual_s
        return min(2 * self._first_s, MAX_FIRST_S) if self.complaint() else self._first_s
