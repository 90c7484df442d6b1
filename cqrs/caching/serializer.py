"""Store the values of Django's cache as JSON.

Django's own serializer unpickles what it finds: what can write to Redis could run code here.
"""

from typing import Any

import orjson


class JsonSerializer:
    """Name it as `serializer` in the OPTIONS of Django's Redis cache."""

    def dumps(self, value: Any) -> bytes | int:
        """Return the value as JSON; a whole number as itself, so that Redis can increment it."""
        return value if type(value) is int else orjson.dumps(value)

    def loads(self, stored: bytes) -> Any:
        """Return the value; None, as if there were none, where it is not JSON."""
        try:
            return orjson.loads(stored)
        except orjson.JSONDecodeError:
            return None
