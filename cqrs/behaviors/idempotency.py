"""Run a command once per Idempotency-Key and replay its stored answer.

The answer is stored in the command's own transaction: either both exist or neither does. A refusal
is stored as well: a retry must not succeed where the first request was refused. Only a message that
is invalid leaves the key free.
"""

import hashlib
from datetime import timedelta
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils import timezone
from pydantic import ValidationError

from cqrs.database import commit_outcome
from cqrs.database.locks import LockSpace, try_lock
from cqrs.event_log.epoch import with_epoch
from cqrs.messaging.context import current_context
from cqrs.messaging.messages import AggregateState, Command
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import FieldError, Ok, Rejected, Result
from cqrs.models import IdempotentAnswer

LIFETIME = timedelta(days=1)

# Returns the transaction's id: a stored refusal publishes no event, which would return it.
_INSERT = """
INSERT INTO cqrs_idempotency (actor, command, key, fingerprint, answer, created_at)
VALUES (%s, %s, %s, %s, %s::jsonb, %s)
RETURNING pg_current_xact_id()::text
"""
_IS_STORED = """
SELECT 1 FROM cqrs_idempotency WHERE actor = %s AND command = %s AND key = %s AND created_at = %s
"""
# The inner statement runs once: as a join it could run again and lock other rows.
_EXPIRE = """
DELETE FROM cqrs_idempotency WHERE id = ANY(ARRAY(
    SELECT id FROM cqrs_idempotency WHERE created_at < %s
    ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED))
"""


def idempotency(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Return the key's stored answer, or run the rest in a savepoint and store its answer.

    The savepoint takes a refused handler's writes back and leaves the refusal to be stored.
    Refuses with `idempotency_in_progress` while another transaction holds the key, and with
    `idempotency_key_reused` when the key was used for another message.
    """
    key = dispatch.idempotency_key
    if key is None:
        return call_next(dispatch)
    scope = (current_context().actor, dispatch.name, key)
    if not try_lock(LockSpace.IDEMPOTENCY_KEY, *scope):
        return Rejected("idempotency_in_progress", "This Idempotency-Key is still being handled")
    fingerprint = _fingerprint(dispatch)
    stored = _find(*scope)
    if stored is not None and stored.fingerprint != fingerprint:
        return Rejected("idempotency_key_reused", "This Idempotency-Key was used for another body")
    if stored is not None:
        return _load(dispatch, stored.answer, stored.log_epoch)
    with transaction.atomic():
        result = call_next(dispatch)
    if not (isinstance(result, Rejected) and result.code == "invalid"):  # it leaves the key free
        _store(scope, fingerprint, result)
    return result


def expire(limit: int = 1_000) -> int:
    """Delete up to `limit` answers that are older than a day; return how many it deleted.

    Locked rows stay for the next call, so that no command and no other worker waits.
    """
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRE, [timezone.now() - LIFETIME, limit])
        return int(cursor.rowcount)


def _find(actor: str, command: str, key: str) -> Any:
    """Return the stored answer, with the log's epoch of today."""
    # A second statement, after the lock: the snapshot of the statement that takes the lock is
    # older than the lock.
    answers = with_epoch(IdempotentAnswer.objects.all())
    found = answers.filter(actor=actor, command=command, key=key).first()
    if found is not None and found.created_at < timezone.now() - LIFETIME:
        found.delete()
        return None
    return found


def _fingerprint(dispatch: Dispatch) -> str:
    """Hash the message, which includes the target and the expected version."""
    assert dispatch.message is not None  # noqa: S101  the validation behavior runs before this one
    # Without unset fields: ids and times that the server fills differ in each request. Without
    # None: one interface passes an absent option on as None, another one leaves it out.
    asked = dispatch.message.model_dump_json(exclude_unset=True, exclude_none=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def _store(scope: tuple[str, str, str], fingerprint: str, result: Result[Any]) -> None:
    answer = orjson.dumps(_as_json(result)).decode()
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [*scope, fingerprint, answer, now])
        commit_outcome.add_witness(cursor.fetchone()[0], _IS_STORED, (*scope, now))


def _as_json(result: Result[Any]) -> dict[str, Any]:
    if isinstance(result, Ok):
        return {"ok": orjson.loads(result.value.model_dump_json())}
    return {
        "code": result.code,
        "message": result.message,
        "errors": [[error.field, error.code, error.message] for error in result.errors],
    }


def _load(dispatch: Dispatch, answer: dict[str, Any], epoch: int | None = None) -> Result[Any]:
    assert issubclass(dispatch.message_type, Command)  # noqa: S101  only commands come here
    if "ok" in answer:
        state = _state(dispatch.message_type.answer, answer["ok"])
        return Ok(state, replayed=True, epoch=epoch)
    errors = tuple(FieldError(*error[:3]) for error in answer["errors"])
    return Rejected(answer["code"], answer["message"], errors, replayed=True)


def _state(answer: type[AggregateState], stored: dict[str, Any]) -> AggregateState:
    """Return the stored state. One that a build with other fields stored gives its own JSON."""
    try:
        state = answer.model_validate(stored)
    except ValidationError:
        return _foreign_state(answer, stored)
    same = orjson.loads(state.model_dump_json()) == stored
    return state if same else _foreign_state(answer, stored)


def _foreign_state(answer: type[AggregateState], stored: dict[str, Any]) -> AggregateState:
    class Foreign(answer):  # type: ignore[misc, valid-type]
        def model_dump_json(self, **_: Any) -> str:
            return orjson.dumps(stored).decode()

    # For the headers, which are made of the id and the version. Everything else is in the JSON.
    state: AggregateState = Foreign.model_construct(**stored)
    return state
