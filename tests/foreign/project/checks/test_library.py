"""The library as its readers, its librarians and its operators use it."""

import json
from datetime import date
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from lending.models import Reminder

from cqrs.models import EventRecord
from cqrs.reactions import executor

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])
TOKEN = "X-Consistency-Token"
LOAN = {"reader": "Bo", "due_date": "2026-12-24"}


def projections(*arguments: str) -> str:
    output = StringIO()
    call_command("projections", *arguments, stdout=output)
    return output.getvalue()


def project() -> None:
    projections("run", "--until-caught-up")


def post(client: Client, path: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(path, body, content_type="application/json", headers=headers)


def acquire(client: Client, title: str = "Emma", **headers: str) -> Any:
    return post(client, "/books", {"title": title}, **headers)


def seen(client: Client, written: Any, path: str) -> Any:
    """Read what a command has written, without waiting for it."""
    return client.get(path, headers={TOKEN: written[TOKEN], "Prefer": "wait=0"})


class TestReader:
    def test_sees_what_the_token_names(self, librarian: Client, reader: Client) -> None:
        acquired = acquire(librarian)
        assert acquired.status_code == 201
        book = acquired["Location"]
        behind = seen(reader, acquired, book)
        assert (behind.status_code, behind.json()["code"]) == (503, "read_side_behind")
        project()
        found = seen(reader, acquired, book)
        assert found.status_code == 200
        assert found["ETag"].startswith('"1.')
        assert found.json() == {
            "id": acquired.json()["id"],
            "title": "Emma",
            "is_lent": False,
            "due_date": None,
            "version": 1,
        }

    def test_sees_a_loan_but_not_the_reader(self, librarian: Client, reader: Client) -> None:
        book = acquire(librarian)["Location"]
        lent = post(librarian, f"{book}/lend", LOAN)
        project()
        found = seen(reader, lent, book).json()
        assert (found["is_lent"], found["due_date"], found["version"]) == (True, "2026-12-24", 2)
        assert "reader" not in found

    def test_sees_all_books_by_the_page(self, librarian: Client, reader: Client) -> None:
        for title in ("Persuasion", "Emma", "Sanditon"):
            acquire(librarian, title)
        project()
        page = reader.get("/books?page_size=2").json()
        assert [book["title"] for book in page["results"]] == ["Emma", "Persuasion"]
        assert (page["count"], page["next"]) == (3, "http://testserver/books?page_size=2&page=2")
        last = reader.get("/books?ordering=-title&page=2&page_size=2").json()
        assert [book["title"] for book in last["results"]] == ["Emma"]

    def test_walks_through_the_books_on_the_shelf(self, librarian: Client, reader: Client) -> None:
        for title in ("Persuasion", "Emma", "Sanditon"):
            book = acquire(librarian, title)["Location"]
        post(librarian, f"{book}/lend", LOAN)
        project()
        first = reader.get("/books?lent=false&page_size=1&cursor=").json()
        last = reader.get(first["next"]).json()
        assert [book["title"] for book in first["results"] + last["results"]] == [
            "Emma",
            "Persuasion",
        ]
        assert (last["count"], last["next"]) == (None, None)

    def test_may_not_acquire_books(self, reader: Client) -> None:
        refused = acquire(reader)
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
        assert EventRecord.objects.count() == 0


class TestLibrarian:
    def test_gets_a_token_with_the_permissions_of_the_messages(self) -> None:
        User.objects.create_superuser("root", password="a long password")
        answer = post(Client(), "/token", {"username": "root", "password": "a long password"})
        client = Client(headers={"Authorization": f"Bearer {answer.json()['access']}"})
        assert acquire(client).status_code == 201

    def test_repeats_a_command_without_a_second_effect(self, librarian: Client) -> None:
        first = acquire(librarian, **{"Idempotency-Key": "k"})
        again = acquire(librarian, **{"Idempotency-Key": "k"})
        assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")
        assert again.json() == first.json()
        other = acquire(librarian, "Persuasion", **{"Idempotency-Key": "k"})
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert EventRecord.objects.count() == 1

    def test_lends_a_copy_once_and_only_as_it_was_seen(self, librarian: Client) -> None:
        book = acquire(librarian)["Location"]
        stale = post(librarian, f"{book}/lend", LOAN, **{"If-Match": '"7"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
        assert post(librarian, f"{book}/lend", LOAN, **{"If-Match": '"1"'}).status_code == 200
        refused = post(librarian, f"{book}/lend", LOAN)
        assert (refused.status_code, refused.json()["code"]) == (409, "already_lent")

    def test_has_a_reminder_noted_by_the_reaction(self, librarian: Client) -> None:
        acquired = acquire(librarian)
        post(librarian, f"{acquired['Location']}/lend", LOAN)
        project()
        found = Reminder.objects.values_list("copy_id", "reader", "due_date").get()
        assert found == (UUID(acquired.json()["id"]), "Bo", date(2026, 12, 24))
        assert executor.waiting() == []


class TestOperator:
    def test_rebuilds_verifies_and_looks_at_the_status(self, librarian: Client) -> None:
        post(librarian, f"{acquire(librarian)['Location']}/lend", LOAN)
        project()
        assert "library_catalog" in projections("rebuild", "library_catalog")
        projections("rebuild", "library_catalog", "--discard")
        assert projections("verify").endswith("Everything agrees with the event log\n")
        [status] = json.loads(projections("status", "--json"))["projections"]
        assert status["projection"] == "library_catalog"
        assert (status["position"], status["head"], status["state"]) == (2, 2, "level")
