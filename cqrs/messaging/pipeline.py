"""The pipeline: behaviors around a handler, the outermost first.

A behavior does something before or after it calls the rest, or does not call it at all:

    >>> from cqrs.messaging.results import Ok
    >>> class GetTitle(Message):
    ...     number: int
    >>> def get_title(query: GetTitle) -> Result[str]:
    ...     return Ok(f"Volume {query.number}")
    >>> def trace(dispatch: Dispatch, call_next: "Next") -> Result[Any]:
    ...     print("before", dispatch.name)
    ...     result = call_next(dispatch)
    ...     print("after", dispatch.name)
    ...     return result
    >>> ask = build([trace], {GetTitle: get_title})
    >>> ask(Dispatch(GetTitle, {}, message=GetTitle(number=2)))
    before GetTitle
    after GetTitle
    Ok(value='Volume 2', replayed=False)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cqrs.messaging.messages import Message
from cqrs.messaging.results import Refusal, Result


@dataclass(slots=True)
class Dispatch:
    """One message in the pipeline. `message` is None until the validation behavior has made it."""

    message_type: type[Message]
    payload: Mapping[str, Any] | Message
    idempotency_key: str | None = None
    message: Message | None = None
    lock_timeout_ms: int = 0
    """How long the command's transaction waits for a lock; 0: as long as its session."""
    expected_epoch: int | None = None
    """The epoch of the log that the command's sender knows; None: any."""

    @property
    def name(self) -> str:
        return self.message_type.__name__


Handler = Callable[[Any], Result[Any]]
Next = Callable[[Dispatch], Result[Any]]
Behavior = Callable[[Dispatch, Next], Result[Any]]


def build(behaviors: Sequence[Behavior], handlers: Mapping[type[Message], Handler]) -> Next:
    """Return one callable that runs the behaviors, then the message's handler."""

    def handle(dispatch: Dispatch) -> Result[Any]:
        try:
            return handlers[dispatch.message_type](dispatch.message)
        except Refusal as refusal:
            return refusal.rejected

    chain: Next = handle
    for behavior in reversed(behaviors):
        chain = _wrap(behavior, chain)
    return chain


def _wrap(behavior: Behavior, call_next: Next) -> Next:
    def call(dispatch: Dispatch) -> Result[Any]:
        return behavior(dispatch, call_next)

    return call
