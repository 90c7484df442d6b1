"""Parse JSON bodies without rounding numbers."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = f"The body exceeds {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes"


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class ExactJSONParser(BaseParser):
    """Parses JSON objects in UTF-8. Fractions become `Decimal`: a float would change prices."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the object. Raises `ParseError` for other content, `TooLarge` for a large body."""
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge
        try:
            body = json.loads(raw, parse_float=Decimal, parse_constant=_no_constant)
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise ParseError(f"The body is not JSON: {error}") from error
        if not isinstance(body, dict):
            raise ParseError("The body must be a JSON object")
        return body
