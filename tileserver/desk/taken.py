"""Data that a file says must not be public goes at once, also where the rest of the file has to wait."""

from __future__ import annotations

from tileserver.counted import counted
from tileserver.desk.job import Job, Outcome
from tileserver.desk.prepared import Prepared
from tileserver.desk.settled import settled_warning
from tileserver.desk.withdrawn import COARSER_REASON, HIDDEN_REASON, hide
from tileserver.store.audit import Act, append
from tileserver.store.connect import translated
from tileserver.store.revisions import NothingChanged, open_revision


async def take_at_once(job: Job, given: Prepared, outcome: Outcome) -> None:
    """Take hidden events and places that were told too exactly out of every revision, in one of its own.

    Of *given* nothing else is written: neither another person's approval nor a time may delay this.
    """
    with translated():
        async with open_revision(job.connection) as writer:
            hiding = await hide(writer, job.stored, given)
            if not any(hiding):
                raise NothingChanged
            reason = HIDDEN_REASON if hiding.kept_out or hiding.taken else COARSER_REASON
            ref, number = job.stored.ref, hiding.taken + hiding.coarsened
            layers = job.layers.values()
            outcome.settled = await settled_warning(
                writer.connection, layers, writer.revision, is_withdrawn=True
            )
            outcome.revision = writer.revision
            await writer.commit_revision(
                f"{counted(number, 'event')} of {ref} out of every revision: {reason}", {}
            )
            details = {
                "file": given.origin,
                "sha256": given.sha256,
                "hidden": hiding.taken,
                "coarsened": hiding.coarsened,
            }
            revisions = (int(writer.revision),)
            act = Act("withdraw", job.by, ref.theatre, (ref.layer,), revisions, reason, details)
            await append(writer.connection, act)
