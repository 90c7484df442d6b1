"""What the tests of a lost past share: tokens of an epoch, and who sends them."""

from typing import Any

from cqrs.consistency.tokens import ConsistencyToken
from cqrs.messaging.ids import uuid7
from tests.http.api import Api

ADA = {"name": "Ada", "email": "ada@example.com"}
TOKEN = "X-Consistency-Token"
LOST = "X-Consistency-Lost"
PATHS = ["/api/orders/{}", "/api/orders", "/api/orders?cursor="]


def command_token(epoch: int) -> dict[str, str]:
    """Return the header of a command with a token of this epoch, of any order."""
    return {"X_Consistency_Token": ConsistencyToken("order", uuid7(), 1, epoch).encode()}


def read_token(key: Any, version: int, epoch: int = 0) -> dict[str, str]:
    """Return the headers of a read with a token of this epoch, which does not wait."""
    known = ConsistencyToken("order", key, version, epoch)
    return {TOKEN: known.encode(), "Prefer": "wait=0"}


def confirm(api: Api, order: Any, **headers: str) -> Any:
    return api.post(f"/api/orders/{order}/confirm", **headers)
