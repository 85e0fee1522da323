"""Context of one import, shared by all its stages: destination, progress, acceptance; and its outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from tileserver.declared import Text
from tileserver.desk.judge import Ruling
from tileserver.desk.verdict import Effect
from tileserver.errors import BadParameter
from tileserver.model import Revision
from tileserver.store.audit import Deed
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection

Progress: TypeAlias = Callable[[str, int, int | None], None]  # what is done, how much of it, of how many


def no_progress(_label: str, _done: int, _total: int | None) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True)
class Shown:
    """State of a held import when the desk last looked: its rulings, and the layer's newest revision then.

    An acceptance covers no more than that.
    """

    number: int
    broken: frozenset[tuple[str, str, datetime | None]]  # see `Ruling.broken`
    newest: Revision
    deed: Deed = "accept"  # as the audit log has it


@dataclass(frozen=True, slots=True)
class Job:
    """One import into one layer.

    Attributes
    ----------
    connection : Connection
        Its own; the transaction is opened once all is read, and holds the writers' lock until it commits.
    layers : mapping of str to StoredLayer
        The layers of one theatre, by name; layers that derive from the one written to follow it.
    name : str
        The layer to write to.
    accept : str
        Why to publish it although a rule of `desk.judge` would hold it back; '' to hold it.
    shown : Shown, optional
        The held import that *accept* decides; ``None`` for a file that is read now.
    remark : mapping of str to str
        What the desk says in public where the revision corrects days, by language, '' for any.
    by : str
        Who imports, for the audit log; '' where nobody is named.
    reason : str
        Why, for the audit log; '' where there is nothing to say.
    publish_at : datetime, optional
        The instant, UTC, from which on it is public; until then it is held. ``None`` for at once.

    Raises
    ------
    BadParameter
        The layer derives from another one; *accept* is blank; or nobody is named who imports into a theatre
        that wants several persons. All before a long file is read.
    """

    connection: Connection
    layers: Mapping[str, StoredLayer]
    name: str
    progress: Progress = no_progress
    accept: str = ""
    shown: Shown | None = None
    remark: Text = field(default_factory=dict)
    by: str = ""
    reason: str = ""
    publish_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse a job that no file could make good."""
        _check_own(self.stored)
        is_over_rules = self.accept or (self.shown is not None and self.shown.broken)
        if is_over_rules and not self.accept.strip():
            raise BadParameter("say why it is published: the reason stays with the revision, and it is blank")
        if self.shown is None and self.stored.theatre.reviewers > 1 and not self.by.strip():
            raise BadParameter(f"say who imports: {self.stored.theatre.id} wants the word of another person")

    @property
    def waits(self) -> bool:
        """Whether even an import that breaks no rule is held: for another person, or for its time."""
        return self.shown is None and (self.publish_at is not None or self.stored.theatre.reviewers > 1)

    @property
    def stored(self) -> StoredLayer:
        """The layer to write to."""
        return self.layers[self.name]


def _check_own(stored: StoredLayer) -> None:
    """Refuse to import into a layer that derives from another layer.

    Features of its own would never be drawn, and its definition could not be added again.
    """
    if stored.layer.drawn_as == "face_lines":
        origin = f"{stored.ref.theatre}.{stored.layer.drawn_from}"
        raise BadParameter(f"{stored.ref} derives from {origin} and follows it; import into {origin} instead")


@dataclass(slots=True)
class Outcome:
    """Effect of an import on the database: its revision, and the numbers of rows added and ended.

    ``revision`` is ``None`` where nothing changed. ``held`` is the number under which the import is held
    back; ``rulings`` say why, or what was accepted, and then ``effects`` say what it changes. Of one that is
    held ``waits_for`` is what it waits for first, a decision over broken rules above all; ``publish_at`` is
    the instant (UTC) at which it is to be public, and ``missing`` the number of persons who have to approve
    it first; a revision then is that in which alone went what must not be public.
    """

    revision: Revision | None = None
    snapshots: int = 0
    added: int = 0
    ended: int = 0
    faces_added: int = 0  # and lines between them
    faces_ended: int = 0
    edited: int = 0  # versions ended for another one of an event that is known by its key; among ``ended``
    hidden: int = 0  # events that went out of every revision, for a hidden source; would, where it is held
    coarsened: int = 0  # the same of events whose more exact versions alone went
    report: dict[str, Any] = field(default_factory=dict)
    held: int | None = None
    settled: str = ""  # a warning where it changes days that were said not to change any more
    waits_for: Literal["", "decision", "persons", "time"] = ""
    publish_at: datetime | None = None
    missing: int = 0
    rulings: list[Ruling] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
