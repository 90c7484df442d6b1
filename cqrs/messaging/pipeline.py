"""A message passes through behaviors, outermost first, before it reaches its handler."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cqrs.messaging.messages import Message
from cqrs.messaging.results import Refusal, Result


@dataclass(slots=True)
class Dispatch:
    """One message on its way. `message` is None until the validation behavior has made it."""

    message_type: type[Message]
    payload: Mapping[str, Any] | Message
    idempotency_key: str | None = None
    message: Message | None = None

    @property
    def name(self) -> str:
        return self.message_type.__name__


Handler = Callable[[Any], Result[Any]]
Next = Callable[[Dispatch], Result[Any]]
Behavior = Callable[[Dispatch, Next], Result[Any]]


def build(behaviors: Sequence[Behavior], handlers: Mapping[type[Message], Handler]) -> Next:
    """Fold the behaviors around the handlers into one callable."""

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
