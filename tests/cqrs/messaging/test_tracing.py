"""The kernel's spans, without a tracer and with one of a project."""

from collections.abc import Iterator
from typing import Any

import pytest

from cqrs.messaging import tracing
from cqrs.messaging.context import current_ids, current_traceparent, system_context, use_context
from cqrs.messaging.tracing import NOTHING, Kind, Span, Tracer, span, use_tracer, work

GIVEN = f"00-{'1' * 32}-{'2' * 16}-01"
OWN = f"00-{'a' * 32}-{'b' * 16}-01"


class Recorder(Tracer):
    """Notes the spans that are asked for."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Kind, str | None, dict[str, Any]]] = []

    def span(self, name: str, kind: Kind, parent: str | None, attributes: dict[str, Any]) -> Span:
        self.spans.append((name, kind, parent, attributes))
        return NOTHING

    def traceparent(self) -> str | None:
        return OWN


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    found = Recorder()
    use_tracer(found)
    yield found
    use_tracer(Tracer())


class TestWithoutATracer:
    def test_a_span_does_nothing(self):
        with span("one", Kind.SERVER, parent=GIVEN, path="/") as one, work("two") as two:
            one.note(status=200)
            one.rename("three")
            one.fail("reason")
            two.found(iter([GIVEN]), events=1)
        assert one is two is NOTHING
        assert not one.is_recorded

    def test_a_span_lets_errors_pass(self):
        with pytest.raises(ZeroDivisionError), span("one"):
            _ = 1 / 0

    def test_the_trace_is_that_of_the_context(self):
        with use_context(system_context(traceparent=GIVEN, correlation_id="c1")) as context:
            assert current_traceparent() == context.as_metadata()["traceparent"] == GIVEN
            assert current_ids() == ("c1", "1" * 32)

    @pytest.mark.parametrize("given", [None, "", "00-x", "x" * 54])
    def test_there_is_no_trace_id_in_another_text(self, given: str | None):
        with use_context(system_context(traceparent=given, correlation_id="c1")):
            assert current_ids() == ("c1", None)

    def test_a_request_can_have_an_id_without_a_trace(self):
        with use_context(system_context(trace_id="e" * 32)) as context:
            assert current_ids()[1] == "e" * 32
            assert context.as_metadata()["traceparent"] is None


class TestTracer:
    def test_gets_what_a_span_is_made_of(self, recorder: Recorder):
        with span("one", Kind.SERVER, parent=GIVEN, path="/"), span("two"):
            pass
        assert recorder.spans == [
            ("one", Kind.SERVER, GIVEN, {"path": "/"}),
            ("two", Kind.INTERNAL, None, {}),
        ]

    def test_has_the_trace_that_events_and_logs_get(self, recorder: Recorder):
        with use_context(system_context(traceparent=GIVEN)) as context:
            assert tracing.traceparent() == current_traceparent() == OWN
            assert context.as_metadata()["traceparent"] == OWN
            assert current_ids()[1] == "a" * 32
