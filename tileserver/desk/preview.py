"""The change that an import would make to the data known now, measured and mapped; nothing is written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import nlargest
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

from shapely.geometry.base import BaseGeometry

from tileserver.desk.job import Job
from tileserver.desk.judge import Ruling, Sizes, Yardstick
from tileserver.desk.passages import Passage, passages_between
from tileserver.desk.periods import Run, State, changed_runs, stepping
from tileserver.desk.prepared import Prepared
from tileserver.desk.preview_changed import changed_words
from tileserver.desk.proposal import Proposal
from tileserver.desk.verdict import Effect, Verdict, effects_at, judge
from tileserver.desk.withdrawn import Hiding, hide
from tileserver.desk.yardstick import lands_of
from tileserver.model import DatedFeature, Feature, Theatre
from tileserver.shape.measure import area_km2
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection, translated
from tileserver.store.days import add_days
from tileserver.store.ground import PublicGround, ground_at
from tileserver.store.revisions import NothingChanged, Writer, open_revision
from tileserver.times import day_zone, local_day

Fate: TypeAlias = Literal["comes", "goes", "changes"]
FATES: tuple[Fate, ...] = ("comes", "goes", "changes")
SHOWN = 2000  # features of a layer without areas, one by one; the newest


_ON_TOP = (
    "No area ends: those of the file come on top of those that hold already. Where the file is all that holds"
    " from its day on, import it again and say so: by the tick below the day, or --whole-state."
)


@dataclass(frozen=True, slots=True)
class StatePreview:
    """A proposed state at an instant (UTC), beside the state known now.

    ``effects`` are km2 by status, ``passages`` the land that changes its status, ``lands`` the disjoint land
    of each status afterwards, and ``public`` that of each status by now, in EPSG:3857, with its ``front``.
    """

    at: datetime
    effects: Sequence[Effect]
    passages: Sequence[Passage]
    lands: Mapping[str, BaseGeometry]
    public: Mapping[str, BaseGeometry]
    front: Sequence[BaseGeometry] = ()


@dataclass(frozen=True, slots=True)
class FeaturePreview:
    """A feature that comes, goes or changes: the new row, or the old row of a feature that goes."""

    fate: Fate
    dated: DatedFeature
    feature: Feature
    changed: str = ""  # of a feature that changes: what, in words


@dataclass(frozen=True, slots=True)
class Preview:
    """Account of an import before anything is public.

    ``states`` are the newest day, and the day of the largest change where that is another one; there are none
    of layers without areas, which have ``fates`` by category, ``features``, and the public ``ground`` on the
    day of the newest of them. ``days`` counts the local days
    on which the map would be another one, ``first`` and ``last`` are the instants (UTC) of its first and last
    change, inclusive. ``added`` and ``ended`` count versions of features, ``hidden`` events that go out of
    every revision because a source of theirs is hidden, ``coarsened`` those whose more exact versions do.
    ``is_on_top`` says that dated features come and none ends for them. With ``nothing`` all of it is known
    already.
    ``verdict`` has the proposal; there is none of an import that was decided.
    """

    origin: str
    report: dict[str, Any]
    rulings: Sequence[Ruling] = ()
    added: int = 0
    ended: int = 0
    days: int = 0
    first: datetime | None = None
    last: datetime | None = None
    states: Sequence[StatePreview] = ()
    fates: Mapping[str, Mapping[Fate, int]] = field(default_factory=dict)
    features: Sequence[FeaturePreview] = ()
    ground: PublicGround | None = None
    hidden: int = 0
    coarsened: int = 0
    nothing: bool = False
    is_on_top: bool = False
    verdict: Verdict | None = None

    @property
    def caution(self) -> str:
        """A warning where new areas end no public area; '' elsewhere."""
        return _ON_TOP if self.is_on_top and any(each.public for each in self.states) else ""


async def preview(job: Job, given: Prepared) -> Preview:
    """Return the changes that publishing *given* would make to the rows known now; nothing is written."""
    made: Preview | None = None
    with translated():
        async with open_revision(job.connection) as writer:  # taken back
            hiding = await hide(writer, job.stored, given)
            made = await _preview(writer, job.stored, given, hiding)
            raise NothingChanged
    assert made is not None  # whatever else is raised above goes through
    return made


async def _preview(writer: Writer, stored: StoredLayer, given: Prepared, hiding: Hiding) -> Preview:
    verdict = await judge(writer, stored, given, hiding.taken)
    proposal = verdict.proposal
    new_days = await add_days(writer, stored.layer_id, given.days)
    days, first, last = changed_days(stored, proposal)
    told = Preview(
        given.origin,
        verdict.report,
        verdict.rulings,
        len(proposal.fresh),
        len(proposal.gone),
        days,
        first,
        last,
        hidden=hiding.taken,
        coarsened=hiding.coarsened,
        is_on_top=given.states is None and bool(proposal.fresh) and not proposal.gone,
        nothing=proposal.nothing and not new_days and not any(hiding),
        verdict=verdict,
    )
    return await with_changes(writer, stored, told, given.features, proposal, verdict.yardstick)


async def with_changes(
    writer: Writer,
    stored: StoredLayer,
    told: Preview,
    fresh: Mapping[bytes, Feature],
    proposal: Proposal,
    yardstick: Yardstick | None,
) -> Preview:
    """Return *told* with the states or features that *proposal* changes.

    *fresh* are features, by hash, that the database has not; *yardstick* measures the states of areas.
    """
    if yardstick is not None:
        return replace(told, states=await _states(writer, stored, fresh, proposal, yardstick))
    features = await _features(writer, stored, fresh, proposal)
    newest = nlargest(SHOWN, features, lambda each: (each.dated.start, each.dated.feature_hash))
    ground = await ground_of(writer.connection, stored.theatre, [each.dated.start for each in newest])
    return replace(told, fates=_by_category(stored, features), features=newest, ground=ground)


async def _states(
    writer: Writer,
    stored: StoredLayer,
    fresh: Mapping[bytes, Feature],
    proposal: Proposal,
    yardstick: Yardstick,
) -> list[StatePreview]:
    told = _told_instants(proposal, yardstick)
    wanted = {each for pair in told.values() for state in pair for each in state}
    there = await writer.features(stored.layer_id, wanted - fresh.keys())
    every = {**there, **fresh}
    found = []
    for at, (was, now) in told.items():
        before, after = (lands_of(stored.layer, every, state) for state in (was, now))
        effects = effects_at(at, _sizes(before), _sizes(after))
        passages = passages_between(before, after)
        lines = await ground_at(writer.connection, stored.theatre, stored.layer, at, with_land=False)
        found.append(StatePreview(at, effects, passages, after, before, lines.front))
    return found


async def ground_of(
    connection: Connection, theatre: Theatre, instants: Sequence[datetime]
) -> PublicGround | None:
    """Return the public land and front at the newest of *instants* (UTC); ``None`` without any areas."""
    areas = theatre.by_role("areas")
    if areas is None or not areas.has_faces or not instants:
        return None
    return await ground_at(connection, theatre, areas, max(instants))


def _sizes(lands: Mapping[str, BaseGeometry]) -> Sizes:
    return {status: km2 for status, land in lands.items() if (km2 := area_km2(land))}


def _told_instants(proposal: Proposal, yardstick: Yardstick) -> dict[datetime, tuple[State, State]]:
    """Return both states of the newest day that has any, and of the instant (UTC) of the largest change."""
    steps = list(stepping(proposal.before, proposal.after))
    newest = next((each for each in reversed(steps) if each.was or each.now), None)
    changed = [each for each in steps if each.was != each.now]
    largest = max(changed, key=lambda each: _moved(yardstick, each.was, each.now), default=None)
    return {each.at: (each.was, each.now) for each in (newest, largest) if each is not None}


def _moved(yardstick: Yardstick, was: State, now: State) -> float:
    before, after = yardstick.rough(was - now), yardstick.rough(now - was)
    return sum(abs(after.get(each, 0.0) - before.get(each, 0.0)) for each in {*before, *after})


async def _features(
    writer: Writer, stored: StoredLayer, fresh: Mapping[bytes, Feature], proposal: Proposal
) -> list[FeaturePreview]:
    """Return each feature that would come, go or change; one id on both sides is a feature that changes."""
    hashes = {each.feature_hash for each in (*proposal.fresh, *proposal.gone)}
    there = await writer.features(stored.layer_id, hashes - fresh.keys())
    every = {**there, **fresh}
    ids: defaultdict[bool, set[int]] = defaultdict(set)
    sides = ((True, proposal.fresh), (False, proposal.gone))
    for comes, side in sides:
        ids[comes] = {every[each.feature_hash].id for each in side}
    old = {every[each.feature_hash].id: (each, every[each.feature_hash]) for each in proposal.gone}
    found = []
    for comes, side in sides:
        for each in side:
            feature = every[each.feature_hash]
            both = feature.id in ids[not comes]
            if comes or not both:
                fate: Fate = "changes" if both else "comes" if comes else "goes"
                words = changed_words(old[feature.id], (each, feature)) if both else ""
                found.append(FeaturePreview(fate, each, feature, words))
    return found


def _by_category(stored: StoredLayer, features: Sequence[FeaturePreview]) -> dict[str, Counter[Fate]]:
    counts: defaultdict[str, Counter[Fate]] = defaultdict(Counter)
    for each in features:
        counts[str(each.feature.properties.get(stored.layer.category, ""))][each.fate] += 1
    return dict(sorted(counts.items()))


def changed_days(stored: StoredLayer, proposal: Proposal) -> tuple[int, datetime | None, datetime | None]:
    """Return the number of local days that differ, and the first and last instant (UTC) of the change."""
    zone = day_zone(stored.theatre.day_zone)
    if stored.layer.time == "window":
        starts = sorted(each.start for each in proposal.fresh | proposal.gone)
        days = {local_day(each, zone) for each in starts}
        return len(days), *((starts[0], starts[-1]) if starts else (None, None))
    runs = changed_runs(proposal.before, proposal.after)
    if not runs:
        return 0, None, None
    numbers = {day for run in runs for day in _local_days(run, zone)}
    return len(numbers), runs[0].first, runs[-1].steps[-1][0]


def _local_days(run: Run, zone: ZoneInfo) -> range:
    """Return the numbers of the local days of *run*, both ends included; an open run to its last step."""
    last = run.steps[-1][0] if run.last is None else max(run.first, run.last - timedelta(microseconds=1))
    return range(local_day(run.first, zone).toordinal(), local_day(last, zone).toordinal() + 1)
