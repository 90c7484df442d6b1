"""Parse JSON bodies without rounding numbers."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any

from django.conf import settings
from django.utils.http import parse_header_parameters
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = f"The body exceeds {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes"


MAX_DIGITS = 30  # of a whole number that is written with a fraction or an exponent


class UnsupportedBody(APIException):
    status_code = 415
    default_code = "unsupported_media_type"


class _RepeatedName(ValueError):
    pass


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _number(text: str) -> Decimal | int:
    """Return the number exactly. `2.0` is a whole number, as in JSON Schema."""
    number = Decimal(text)
    is_whole = number.adjusted() < MAX_DIGITS and number == number.to_integral_value()
    return int(number) if is_whole else number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RepeatedName
    return found


class ExactJSONParser(BaseParser):
    """Parses JSON objects in UTF-8. Fractions become `Decimal`: a float would change prices."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the object. Raises `ParseError` for other content, `TooLarge` for a large body.

        A name twice in one object is other content: readers differ in which value counts.
        """
        _check_coding(media_type, parser_context)
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge
        body = _json(raw)
        if not isinstance(body, dict):
            raise ParseError("The body must be a JSON object")
        return body


def _check_coding(media_type: str | None, context: Mapping[str, Any] | None) -> None:
    charset = parse_header_parameters(media_type or "")[1].get("charset", "utf-8")
    if charset.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedBody("Send JSON in UTF-8")
    request = (context or {}).get("request")
    coding = request.META.get("HTTP_CONTENT_ENCODING", "") if request is not None else ""
    if coding.strip().lower() not in ("", "identity"):
        raise UnsupportedBody("Send the body without a Content-Encoding")


def _json(raw: bytes) -> Any:
    if json.detect_encoding(raw) not in ("utf-8", "utf-8-sig"):
        raise UnsupportedBody("Send JSON in UTF-8")
    try:
        text = raw.decode("utf-8-sig")
        return json.loads(
            text, parse_float=_number, parse_constant=_no_constant, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ParseError(f"The body is not JSON: see {place}") from error
    except UnicodeDecodeError as error:
        raise ParseError("The body is not UTF-8") from error
    except _RepeatedName as error:
        raise ParseError("The body has an object in which a name comes twice") from error
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise ParseError("The body is not JSON that can be read") from error
