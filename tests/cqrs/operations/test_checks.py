"""`manage.py check` names what is wrong in the settings of the kernel."""

from typing import Any, ClassVar

import pytest
from django.conf import settings
from django.test import override_settings

from cqrs.conf import DEFAULTS
from cqrs.event_log.events import Event
from cqrs.messaging.messages import Query
from customers.events import CustomerRegistered
from readmodels.projections import PROJECTIONS
from readmodels.projections.orders import Orders
from tests.support import system_checks
from tests.support.kernel_settings import cqrs
from tests.support.reacting import Recorder
from tests.support.system_checks import found

HERE = __name__


class Moved(Event):
    wire_name: ClassVar[str] = "orders.order_moved"
    stream_type: ClassVar[str] = "order"
    schema_version: ClassVar[int] = 3


class ListMoves(Query):
    permission: ClassVar[str] = "readmodels.view_orders"
    projection: ClassVar[str] = "order"


class NewerOrders(Orders):
    version = 3


class MoreOrders(Orders):
    name = "more_orders"


class Unversioned(Orders):
    version = "2"  # type: ignore[assignment]


class Shelved(Event):
    wire_name: ClassVar[str] = "orders.shelved"
    stream_type: ClassVar[str] = "shelf"


class Streamless(Event):
    wire_name: ClassVar[str] = "orders.streamless"


class Misled(Orders):
    name = "misled"
    home_of = None
    types = {"orders.order_creatd": None}  # type: ignore[assignment]


def list_moves(query: ListMoves) -> None: ...


TWICE = (CustomerRegistered,)
WORD = "word"
MOVED = (Moved,)
HALF_LIFTED = {("orders.order_moved", 2): dict}
NO_HANDLERS = {"ListMoves": list_moves}
MOVES = {ListMoves: list_moves}
NO_PROJECTIONS = (Orders,)
NO_VERSION = (Unversioned(),)
NO_STREAM = (Streamless,)
SHELVED = (Shelved,)
NEWER = (NewerOrders(),)
SECOND_HOME = (MoreOrders(),)
ORDERS_AGAIN = (PROJECTIONS[0],)
MISLED = (Misled(),)
NO_REACTIONS = (Recorder, Recorder(event_type="customers.customer_registred"))


def added(setting: str, name: str) -> Any:
    # What a projection of a test handles is recorded nowhere.
    return system_checks.added(setting, f"{HERE}.{name}", EVENT_SCHEMAS_DIR=None)


class TestSettings:
    def test_of_the_product_are_right(self) -> None:
        assert found() == []

    def test_need_no_entry(self) -> None:
        with override_settings(CQRS={}):
            assert found() == []

    def test_name_an_unknown_entry(self) -> None:
        with cqrs(HANDELRS=[]):
            assert found() == [
                (
                    "cqrs.E001",
                    "CQRS has an unknown entry 'HANDELRS'",
                    "Did you mean 'HANDLERS'?",
                )
            ]

    def test_name_an_entry_that_is_not_a_list(self) -> None:
        with cqrs(AUDITS="orders.audit.ORDERS"):
            assert found() == [
                (
                    "cqrs.E003",
                    "CQRS['AUDITS']: 'orders.audit.ORDERS' is not a list of dotted paths",
                    None,
                )
            ]


class TestTables:
    @pytest.mark.parametrize(
        ("path", "why"),
        [
            (
                "orders.evnts.EVENTS",
                "'orders.evnts.EVENTS', which cannot be imported: No module named 'orders.evnts'",
            ),
            (
                "orders.audit.EVNTS",
                "'orders.audit.EVNTS', which cannot be imported: Module \"orders.audit\" does not"
                ' define a "EVNTS" attribute/class',
            ),
            ("sql", "'sql', which cannot be imported: sql doesn't look like a module path"),
        ],
    )
    def test_name_a_path_that_cannot_be_imported(self, path: str, why: str) -> None:
        with cqrs(AUDITS=[path]):
            assert found() == [("cqrs.E002", f"CQRS['AUDITS'] names {why}", None)]

    @pytest.mark.parametrize(
        ("setting", "name", "what"),
        [
            (
                "EVENTS",
                "WORD",
                f"{HERE}.WORD is not a table whose entries are an Event class with a"
                " wire_name and a stream_type",
            ),
            (
                "HANDLERS",
                "NO_HANDLERS",
                f"{HERE}.NO_HANDLERS: 'ListMoves' is not a Message class with its handler",
            ),
            (
                "PROJECTIONS",
                "NO_PROJECTIONS",
                f"{HERE}.NO_PROJECTIONS: <class 'readmodels.projections.orders.Orders'> is not"
                " a Projection with a version, whose name is an identifier",
            ),
            (
                "PROJECTIONS",
                "NO_VERSION",
                f"{HERE}.NO_VERSION: {NO_VERSION[0]!r} is not"
                " a Projection with a version, whose name is an identifier",
            ),
            (
                "EVENTS",
                "NO_STREAM",
                f"{HERE}.NO_STREAM: {Streamless!r} is not"
                " an Event class with a wire_name and a stream_type",
            ),
            (
                "UPCASTERS",
                "NO_HANDLERS",
                f"{HERE}.NO_HANDLERS: 'ListMoves' is not"
                " (wire name, schema version) with a function",
            ),
            ("AUDITS", "MOVED", f"{HERE}.MOVED: {Moved!r} is not SQL"),
            ("QUERY_BEHAVIORS", "WORD", f"{HERE}.WORD: 'word' is not a function"),
        ],
    )
    def test_name_an_entry_of_the_wrong_kind(self, setting: str, name: str, what: str) -> None:
        with added(setting, name):
            assert found() == [("cqrs.E003", f"CQRS[{setting!r}]: {what}", None)]

    @pytest.mark.parametrize(
        ("setting", "name", "repeated"),
        [
            ("EVENTS", "TWICE", "customers.customer_registered"),
            ("PROJECTIONS", "ORDERS_AGAIN", "orders v2"),
        ],
    )
    def test_name_what_has_one_name_with_another(
        self, setting: str, name: str, repeated: str
    ) -> None:
        with added(setting, name):
            assert found() == [
                ("cqrs.E004", f"CQRS[{setting!r}] has two entries called {repeated!r}", None)
            ]

    def test_may_have_versions_of_one_projection_side_by_side(self) -> None:
        with added("PROJECTIONS", "NEWER"):
            assert found() == []

    def test_name_a_message_with_two_handlers(self) -> None:
        with cqrs(HANDLERS=[*settings.CQRS["HANDLERS"], "customers.commands.HANDLERS"]):
            names = ["DeactivateCustomer", "ImportCustomer", "RegisterCustomer", "UpdateCustomer"]
            assert found() == [
                ("cqrs.E004", f"CQRS['HANDLERS'] has two entries called {name!r}", None)
                for name in names
            ]


class TestWiring:
    def test_names_a_schema_version_without_an_upcaster(self) -> None:
        changes = {
            "EVENTS": [*settings.CQRS["EVENTS"], f"{HERE}.MOVED"],
            "UPCASTERS": [*settings.CQRS["UPCASTERS"], f"{HERE}.HALF_LIFTED"],
        }
        with cqrs(**changes):
            assert found() == [
                (
                    "cqrs.E005",
                    "CQRS['UPCASTERS'] lacks 'orders.order_moved' v1: the event is at"
                    " schema_version 3",
                    "Without it, projections park every stored event of that version.",
                )
            ]

    def test_names_upcasters_that_are_left_out(self) -> None:
        with cqrs(UPCASTERS=[]):
            assert [(number, what) for number, what, _ in found()] == [
                (
                    "cqrs.E005",
                    "CQRS['UPCASTERS'] lacks 'customers.customer_deactivated' v1: the event is"
                    " at schema_version 2",
                )
            ]

    def test_names_a_query_of_an_unknown_projection(self) -> None:
        with added("HANDLERS", "MOVES"):
            assert found() == [
                (
                    "cqrs.E006",
                    "ListMoves names the projection 'order', which no table of settings.CQRS has",
                    "Did you mean 'orders'?",
                )
            ]

    def test_names_a_projection_of_an_unknown_event(self) -> None:
        with added("PROJECTIONS", "MISLED"):
            assert found() == [
                (
                    "cqrs.E007",
                    "misled names the event 'orders.order_creatd', which no table of"
                    " settings.CQRS has",
                    "Did you mean 'orders.order_created'?",
                )
            ]

    def test_names_a_stream_without_a_home(self) -> None:
        with added("EVENTS", "SHELVED"):
            assert found() == [
                (
                    "cqrs.E012",
                    "No projection is the home of the stream 'shelf': reads can honor no"
                    " consistency token and no If-Match of it",
                    "Set home_of = 'shelf' in the projection that has a row for each aggregate of"
                    " the stream, and name it in CQRS['PROJECTIONS'].",
                )
            ]

    def test_names_a_stream_with_two_homes(self) -> None:
        with added("PROJECTIONS", "SECOND_HOME"):
            assert found() == [
                (
                    "cqrs.E012",
                    "The stream 'order' has several homes: more_orders, orders",
                    "Leave home_of out of all but one of them.",
                )
            ]

    def test_names_a_reaction_to_an_unknown_event(self) -> None:
        with added("REACTIONS", "NO_REACTIONS"):
            assert found() == [
                (
                    "cqrs.E003",
                    f"CQRS['REACTIONS']: {HERE}.NO_REACTIONS: {Recorder!r} is not"
                    " a Reaction with name, event_type and effect",
                    None,
                ),
                (
                    "cqrs.E008",
                    "recorder names the event 'customers.customer_registred', which no table of"
                    " settings.CQRS has",
                    "Did you mean 'customers.customer_registered'?",
                ),
            ]

    def test_is_named_when_a_refusal_would_be_committed(self) -> None:
        behaviors = [path for path in DEFAULTS.COMMAND_BEHAVIORS if "refusal" not in path]
        with cqrs(COMMAND_BEHAVIORS=behaviors):
            assert found() == [
                (
                    "cqrs.E011",
                    "CQRS['COMMAND_BEHAVIORS'] lacks 'cqrs.behaviors.refusal.rollback_on_refusal'",
                    "It goes last. Without it the writes of a refused command are committed.",
                ),
            ]


class TestDatabases:
    @pytest.mark.parametrize("alias", ["default", "replica"])
    def test_are_named_when_their_alias_is_missing(
        self, monkeypatch: pytest.MonkeyPatch, alias: str
    ) -> None:
        monkeypatch.delitem(settings.DATABASES, alias)
        assert found() == [("cqrs.E009", f"DATABASES has no alias {alias!r}", None)]

    def test_are_named_when_the_router_is_missing(self) -> None:
        with override_settings(DATABASE_ROUTERS=[]):
            errors = found()
        assert {number for number, *_ in errors} == {"cqrs.E010"}
        assert errors[1][1] == (
            "The router lets cqrs_projections.ProjectionCheckpoint migrate on default, replica,"
            " not on replica alone"
        )

    def test_are_named_when_the_router_lacks_an_app(self) -> None:
        with override_settings(DATABASE_ROUTERS=["cqrs.database.router.ReadSideRouter"]):
            errors = found()
        assert {number for number, *_ in errors} == {"cqrs.E010"}
        said = "The router lets readmodels.OrderReadModel migrate on default, not on replica alone"
        assert said in [text for _, text, _ in errors]
