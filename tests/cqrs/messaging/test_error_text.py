"""What is stored of an error names no secret and no person's address."""

import pytest

from cqrs.messaging.error_text import LONGEST, error_text


class TestErrorText:
    @pytest.mark.parametrize(
        ("message", "expected"),
        [
            ("no", "no"),
            ("https://bot:hunter2@example.com/hook?k=1", "https://***@example.com/hook?k=1"),
            ("redis://:hunter2@127.0.0.1:6379/0 is down", "redis://***@127.0.0.1:6379/0 is down"),
            ("http://u:p@ss/word@example.com", "http://***@example.com"),
            ("{'ada@example.com': (550, b'unknown <ada@example.com>')}",
             "{'***@***': (550, b'unknown <***@***>')}"),
            ("Key (lower(email))=(ada+x@exämple.de) exists", "Key (lower(email))=(***@***) exists"),
            ("GET /x?to=ada%40example.com&n=1", "GET /x?to=***@***&n=1"),
            ("http://example.com/x for ada@example.com", "http://example.com/x for ***@***"),
            ("5 apples @ 3 each", "5 apples @ 3 each"),
            ("a\0b", "ab"),
        ],
    )  # fmt: skip
    def test_has_class_and_masked_message(self, message: str, expected: str):
        assert error_text(ValueError(message)) == f"ValueError: {expected}"

    def test_is_cut_after_masking(self):
        secret = "x" * LONGEST + " ada@example.com"
        assert error_text(ValueError(secret)) == "ValueError: " + "x" * (LONGEST - 12)

    def test_is_quick_for_a_long_message(self):
        assert len(error_text(ValueError("x" * 1_000_000 + "@"))) == LONGEST
