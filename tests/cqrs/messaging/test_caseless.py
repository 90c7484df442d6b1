"""Comparing texts whatever their case and their Unicode form."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cqrs.messaging.caseless import caseless, spellings

FORMS = st.sampled_from(["NFC", "NFD"])


class TestCaseless:
    @given(st.text(), FORMS)
    def test_is_one_for_all_forms_and_its_own(self, text: str, form: str):
        assert caseless(normalize(form, text)) == caseless(text) == caseless(caseless(text))

    @pytest.mark.parametrize(("one", "other"), [("ZÜRICH", "zu\u0308rich"), ("STRASSE", "straße")])
    def test_is_one_for_both_cases(self, one: str, other: str):
        assert caseless(one) == caseless(other)

    def test_keeps_others_apart(self):
        assert len({caseless(text) for text in ("zurich", "zürich", "zuerich")}) == 3


class TestSpellings:
    @given(st.text(), FORMS, FORMS)
    def test_find_the_text_in_either_form(self, text: str, stored: str, asked: str):
        search_text = normalize(stored, text).casefold()
        assert any(form in search_text for form in spellings(normalize(asked, text)))

    def test_are_one_for_most_words(self):
        assert spellings("ada@example.com") == ("ada@example.com",)
