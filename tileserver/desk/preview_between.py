"""The change from one revision of a layer to another, told as the preview of an import is."""

from __future__ import annotations

from tileserver.desk.periods import states_of
from tileserver.desk.preview import Preview, changed_days, with_changes
from tileserver.desk.proposal import Proposal
from tileserver.desk.verdict import is_measured, proposal_yardstick
from tileserver.ingest import Report
from tileserver.model import Revision
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection, translated
from tileserver.store.revision_log import revision_account
from tileserver.store.revisions import Writer


async def preview_between(
    connection: Connection, stored: StoredLayer, old: Revision, new: Revision
) -> Preview:
    """Return the change from the revision *old* to *new*, with the account of the import that made *new*."""
    with translated():
        writer = Writer(connection, new, set())  # of which nothing is written
        current = await Writer(connection, old, set()).current(stored.layer_id)
        target = await writer.current(stored.layer_id)
        proposal = Proposal(current, target, states_of(current), states_of(target), {})
        summary, report = await revision_account(connection, new)
        days, first, last = changed_days(stored, proposal)
        told = Preview(
            summary,
            {**Report().as_dict(), **report},
            added=len(proposal.fresh),
            ended=len(proposal.gone),
            days=days,
            first=first,
            last=last,
        )
        measured = is_measured(stored)
        yardstick = await proposal_yardstick(writer, stored, {}, proposal) if measured else None
        return await with_changes(writer, stored, told, {}, proposal, yardstick)
