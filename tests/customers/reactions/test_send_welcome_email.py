import pytest
from django.conf import settings
from django.test import override_settings

from config.database.embedded.ports import free_port
from customers.models import Customer, CustomerProfile
from tests.support.reacting import deployed, failures, make_due, run
from tests.support.scenarios import customer

pytestmark = pytest.mark.django_db
DEAD_SERVER = {
    "EMAIL_BACKEND": "cqrs.reactions.outgoing.EmailBackend",
    "EMAIL_HOST": "127.0.0.1",
}


class TestSendWelcomeEmail:
    def test_sends_one_mail_to_each_new_customer(self, mailoutbox):
        customer(name="Ada", email="ada@example.com")
        customer(name="Bo", email="bo@example.com")
        assert run(deployed("send_welcome_email")) == 2
        assert [mail.to for mail in mailoutbox] == [["ada@example.com"], ["bo@example.com"]]
        mail = mailoutbox[0]
        assert mail.body.startswith("Hello Ada,\n")
        assert mail.from_email == settings.DEFAULT_FROM_EMAIL

    def test_says_by_its_message_id_that_it_is_a_repetition(self, mailoutbox):
        reaction = deployed("send_welcome_email")
        customer()
        run(reaction)
        [sent] = mailoutbox
        identity = sent.message()["Message-ID"]
        assert identity.startswith("<")
        assert identity.endswith("@order-desk.invalid>")
        assert len(set(identity[1:].split("@")[0])) > 5
        customer()
        run(reaction)
        assert mailoutbox[1].message()["Message-ID"] != identity

    def test_a_name_cannot_add_headers(self, mailoutbox):
        customer(name="Ada\nBcc: everybody@example.com")
        run(deployed("send_welcome_email"))
        [mail] = mailoutbox
        assert mail.recipients() == mail.to
        assert mail.message()["Bcc"] is None

    def test_a_dead_mail_server_delays_nothing_else(self, mailoutbox):
        reaction = deployed("send_welcome_email")
        with override_settings(EMAIL_PORT=free_port(), **DEAD_SERVER):
            first = customer()
            assert run(reaction) == 1
            assert run(deployed("create_default_profile")) == 1
            second = customer()
            assert run(reaction) == 1
        assert CustomerProfile.objects.get().customer_id == first
        assert [error.split(":")[0] for error in failures()] == ["ConnectionRefusedError"] * 2
        assert run(reaction) == 0
        make_due()
        assert run(reaction) == 2
        assert {mail.to[0] for mail in mailoutbox} == {_email(first), _email(second)}
        assert failures() == []

    @pytest.mark.parametrize("address", ["c@import.invalid", "c@Import.INVALID"])
    def test_sends_nothing_to_a_placeholder(self, mailoutbox, address: str):
        customer(email=address)
        assert run(deployed("send_welcome_email")) == 1
        assert (mailoutbox, failures()) == ([], [])

    def test_registering_does_not_need_a_mail_server(self):
        with override_settings(EMAIL_PORT=free_port(), **DEAD_SERVER):
            assert customer()


def _email(customer_id):
    return Customer.objects.get(pk=customer_id).email
