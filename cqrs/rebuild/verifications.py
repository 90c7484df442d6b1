"""Remember what verifications found, for the metrics: the process that verifies ends."""

from typing import Any

from django.utils import timezone

from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.projections.models import Verification


def record_verification(projection: str, drifts: int, *, is_sample: bool) -> None:
    """Store when a projection was verified, and the differences that are left.

    A sample without differences leaves those of an earlier verification.
    """
    fields: dict[str, Any] = {"sampled_at" if is_sample else "verified_at": timezone.now()}
    if drifts or not is_sample:
        fields["drifts"] = drifts
    Verification.objects.using(PROJECTION_ALIAS).update_or_create(
        projection=projection, defaults=fields
    )
