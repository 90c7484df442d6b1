"""One address in all its spellings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.fields import canonical_email, is_placeholder

EXAMPLE = "u@ex\u00e4mple.com"


class TestCanonicalEmail:
    @pytest.mark.parametrize(
        "email",
        ["u@exa\u0308mple.com", "U@EX\u00c4MPLE.COM", "u@xn--exmple-cua.com",
         "u@XN--EXMPLE-CUA.com", "u@ex\u00e4mple\u3002com", "u@ex\u00e4mple.\uff43om"],
    )  # fmt: skip
    def test_is_one_for_all_spellings(self, email: str):
        assert canonical_email(email) == canonical_email(EXAMPLE) == EXAMPLE

    @pytest.mark.parametrize(
        "email",
        ["u@example.com", "u@exampl\u00e9.com", "v@ex\u00e4mple.com", "u@stra\u00dfe.de",
         "u@strasse.de", "u@xn--\u00e4.com", "u@xn--a-.com"],
    )  # fmt: skip
    def test_keeps_others_apart(self, email: str):
        others = {"u@exämple.com", "u@strässe.de", "u@zzz.com", "u@ä.com", "u@a.com"}
        assert canonical_email(email) not in {canonical_email(other) for other in others}
        assert canonical_email(email) == email

    @given(st.text(min_size=1), st.text(min_size=1) | st.from_regex(r"xn--[a-z0-9-]{1,20}"))
    def test_is_its_own_canonical_form(self, local: str, domain: str):
        once = canonical_email(f"{local}@{domain}")
        assert canonical_email(once) == once


class TestIsPlaceholder:
    @pytest.mark.parametrize("email", ["a@invalid", "a@import.invalid", "a@X.INVALID"])
    def test_knows_a_domain_that_gets_no_mail(self, email: str):
        assert is_placeholder(email)

    def test_knows_no_other(self):
        assert not is_placeholder("a@invalid.example.com")
