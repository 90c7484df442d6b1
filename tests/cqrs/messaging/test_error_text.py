"""What is stored of an error names no secret and no person's address."""

import pytest
from django.db import Error, connection, transaction
from pydantic import ValidationError

from cqrs.messaging.error_text import LONGEST, error_text, error_traceback, hide, masked
from customers.events import CustomerRegistered


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

    def test_hides_what_is_personal_the_longest_first(self):
        error = ValueError("Ada Lovelace and Ada")
        assert error_text(error, {"Ada", "Ada Lovelace"}) == "ValueError: *** and ***"

    def test_hides_what_an_error_was_given_to_hide(self):
        error = ValueError("no price for Ada Lovelace")
        hide(error, ["Lovelace"])
        hide(error, ["Ada"])
        assert error_text(error) == "ValueError: no price for *** ***"

    def test_names_the_fields_of_a_failed_validation_without_their_values(self):
        with pytest.raises(ValidationError) as raised:
            CustomerRegistered(customer_id="Ada", name=5, email="ada")
        assert error_text(raised.value) == (
            "ValidationError: customer_id: uuid_parsing; name: string_type; registered_at: missing"
        )

    @pytest.mark.django_db
    @pytest.mark.parametrize(
        ("statement", "expected"),
        [
            ("SELECT 'Ada'::int",
             'DataError: invalid input syntax for type integer: "***" (22P02)'),
            ("INSERT INTO auth_group (name) VALUES ('clerk')",
             "IntegrityError: duplicate key value violates unique constraint"
             ' "auth_group_name_key" (23505)'),
            ("INSERT INTO auth_group (name) VALUES (NULL)",
             'IntegrityError: null value in column "name" of relation "auth_group"'
             " violates not-null constraint (23502)"),
        ],
    )  # fmt: skip
    def test_has_the_first_line_of_a_databases_error(self, statement: str, expected: str):
        with pytest.raises(Error) as raised, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        assert error_text(raised.value) == expected


class TestMasked:
    def test_leaves_out_the_lines_of_a_database_that_repeat_values(self):
        text = "duplicate key\nDETAIL:  Key (name)=(Ada) already exists.\nand more"
        assert masked(text) == "duplicate key\nand more"
        assert masked(repr(text)) == "'duplicate key\\nand more'"


class TestErrorTraceback:
    def test_has_the_places_and_the_masked_message_of_each_cause(self):
        try:
            try:
                raise KeyError("ada@example.com")
            except KeyError as error:
                raise ValueError("no") from error
        except ValueError as error:
            said = error_traceback(error)
        first, second = said.split("\n\n")
        assert first.endswith("KeyError: '***@***'")
        assert second.endswith("ValueError: no")
        assert "test_error_text.py" in first
