"""Values of rows as commands show them: no text, because text can be personal."""

import re
from typing import Any

TEXT, OTHER_TEXT = "<text>", "<other text>"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_VISIBLE = re.compile(rf"[-+0-9.:TZ ]+|[0-9]+ at [0-9]+|t|f|{_UUID}")


def redacted_pair(stored: Any, logged: Any) -> tuple[str, str]:
    """Return two values without their texts, and whether those differ.

    >>> redacted_pair([2, "Ada", "pending"], [1, "Bea", "pending"])
    ('[2, <text>, <text>]', '[1, <other text>, <text>]')
    """
    match stored, logged:
        case list(), list() if len(stored) == len(logged):
            pairs = [redacted_pair(*pair) for pair in zip(stored, logged, strict=True)]
            left, right = ([pair[side] for pair in pairs] for side in (0, 1))
            return f"[{', '.join(left)}]", f"[{', '.join(right)}]"
    first, second = _redacted(stored), _redacted(logged)
    return first, OTHER_TEXT if first == second == TEXT and stored != logged else second


def _redacted(value: Any) -> str:
    match value:
        case str():
            return value if _VISIBLE.fullmatch(value) else TEXT
        case list():
            return f"[{', '.join(map(_redacted, value))}]"
        case dict():
            return f"{{{', '.join(f'{key}: {_redacted(each)}' for key, each in value.items())}}}"
    return str(value)
