"""A held import as values of JSON, for commands and the desk's API."""

from __future__ import annotations

from typing import Any

import msgspec

from tileserver.desk.held import HeldReview
from tileserver.times import format_instant


def review_document(seen: HeldReview) -> dict[str, Any]:
    """Return *seen* as values of JSON, without geometries and km2."""
    found, plan = seen.found, seen.found.plan
    return {
        "id": found.id,
        "layer": seen.layer,
        "since": format_instant(found.kept_at),
        "origin": found.origin,
        "state": found.state,
        "reason": found.reason,
        "revision": found.revision,
        "imported_by": plan.imported_by,
        "publish_at": None if plan.publish_at is None else format_instant(plan.publish_at),
        "agreed_by": plan.agreed_by,
        "approvals": [{"by": each.by, "reason": each.reason} for each in seen.approvals],
        "missing": seen.missing,
        "rulings": msgspec.to_builtins(seen.rulings),
        "report": found.report,
    }
