"""The tables of the simulation: its phases, kinds of requests, prices, and what follows from them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from tests.endurance.carried import Cost, carried, fetched
from tests.endurance.sessions import Readers, Scene, popularity
from tests.endurance.simulate import Phase, Work

MAX_AGE_S = 60  # as where nobody sets it
RATES = (4_000, 132_000)
_BY_NGINX_S = {"page": MAX_AGE_S, "basemap": 60}  # whatever Cache-Control says to others
_SESSIONS = 40_000


def kept_by_kind(phases: Sequence[Phase]) -> dict[str, float]:
    """Return for how many seconds nginx keeps each kind; of different answers, the shortest."""
    found: dict[str, set[int]] = {}
    for phase in phases:
        for kind, ages in phase.found.ages.items():
            found.setdefault(kind, set()).update(ages)
    return {kind: _BY_NGINX_S.get(kind, min(ages)) for kind, ages in found.items()}


def by_phase(phases: Sequence[Phase], idle: Work) -> str:
    """The table of phases, and what the parts do while nobody asks."""
    head = (
        "phase",
        "requests/s",
        "from nginx",
        "to servers, per 1,000",
        "servers CPU s per 1,000",
        "nginx CPU s per 1,000",
        "Valkey CPU s per 1,000",
        "statements per 1,000",
        "standby CPU s per 1,000",
        "primary CPU s per 1,000",
        "drawn in PostGIS, per 1,000",
        "p50 / p99 ms",
        "errors",
    )
    rows = [_phase_row(each) for each in phases]
    per_s = [getattr(idle, name) / idle.at for name in ("servers", "cache", "store", "standby", "primary")]
    names = "servers {:.3f}, nginx {:.3f}, Valkey {:.3f}, standby {:.3f}, primary {:.3f}".format(*per_s)
    idle_text = f"while nobody asks, CPU s a second: {names}; statements {idle.statements / idle.at:.0f}"
    return f"{_table(head, rows)}\n\n{idle_text}"


def _phase_row(phase: Phase) -> list[str]:
    work, thousand = phase.work, phase.asked / 1000
    figures = (work.servers, work.cache, work.store)
    databases = (work.standby, work.primary)
    return [
        phase.name,
        f"{phase.asked / work.at:.0f}",
        f"{100 * phase.share_kept:.1f} %",
        f"{work.answers / thousand:.0f}",
        *(f"{each / thousand:.3f}" for each in figures),
        f"{work.statements / thousand:.0f}",
        *(f"{each / thousand:.3f}" for each in databases),
        f"{work.drawn / thousand:.1f}",
        f"{phase.found.percentile_ms(50):.1f} / {phase.found.percentile_ms(99):.0f}",
        " ".join(f"{kind}: {number}" for kind, number in phase.found.errors.items()) or "none",
    ]


def by_kind(phases: Sequence[Phase]) -> str:
    """The table of kinds: share of requests, how long kept, and from the cache in each phase."""
    kinds = sorted({kind for phase in phases for kind in phase.found.asked})
    kept = kept_by_kind(phases)
    whole, asked, sizes = sum(phase.asked for phase in phases), Counter[str](), Counter[str]()
    for phase in phases:
        asked.update(phase.found.asked)
        sizes.update(phase.found.sizes)
    rows = [
        [
            kind,
            f"{100 * asked[kind] / whole:.1f} %",
            f"{sizes[kind] / asked[kind] / 1000:.1f}",
            f"{kept[kind]:,.0f}",
            *(f"{100 * each.found.kept[kind] / max(each.found.asked[kind], 1):.1f} %" for each in phases),
        ]
        for kind in kinds
    ]
    return _table(("kind", "of requests", "kB", "kept, s", *(each.name for each in phases)), rows)


def price_list(costs: Mapping[str, Cost]) -> str:
    """The table of prices."""
    head = ("kind", "first, CPU ms", "again, CPU ms", "first, PostgreSQL CPU ms", "first, statements")
    return _table(
        head,
        [
            [kind, *(f"{1000 * each:.2f}" for each in cost[:3]), f"{cost.first_statements:.1f}"]
            for kind, cost in costs.items()
        ],
    )


def what_follows(
    scene: Scene, kept: Mapping[str, float], costs: Mapping[str, Cost], phases: Sequence[Phase], hit: float
) -> str:
    """The arithmetic for `RATES`, and first what it says of the simulation itself.

    *hit* is what nginx takes for an answer that it has, in processor seconds.
    """
    counts = popularity(Readers(scene), _SESSIONS)
    new = Counter({key: own for key, own in counts.items() if _is_new(key, scene)})
    warm, before = phases[:2]
    missed = fetched(counts, before.asked / before.work.at, kept, warm.work.at, before.work.at)
    check = (
        f"before the publication the formula says {100 * (1 - missed / before.asked):.1f} % from nginx, "
        f"{100 * before.share_kept:.1f} % were; an answer that nginx has takes it {1000 * hit:.3f} CPU ms"
    )
    found = [carried(counts, new, each, kept, costs, MAX_AGE_S) for each in RATES]
    thousand = sum(phase.asked for phase in phases[1:]) / 1000
    size = sum(phase.found.sizes.total() for phase in phases[1:]) / thousand / 1000
    kinds = sorted({kind for each in found for kind in each.origin})
    rows = [
        [f"to servers a second: {kind}", *(f"{each.origin[kind]:,.1f}" for each in found)] for kind in kinds
    ]
    rows += [
        ["and at most, of what the sessions did not come to", *(f"{each.unseen:,.1f}" for each in found)],
        ["from the cache, at least", *(f"{100 * (1 - each.to_origin / each.rate):.2f} %" for each in found)],
        ["cores of servers", *(f"{each.cores:.2f}" for each in found)],
        [
            "and at most, to draw what they did not come to",
            *(f"{each.unseen_cores:.2f}" for each in found),
        ],
        ["drawn anew after a publication", *(f"{each.drawn:,.0f}" for each in found)],
        ["cores of servers meanwhile", *(f"{each.burst_cores:.2f}" for each in found)],
        ["cores of PostgreSQL meanwhile", *(f"{each.burst_database_cores:.2f}" for each in found)],
        ["statements a second meanwhile", *(f"{each.burst_statements:,.0f}" for each in found)],
        ["cores of nginx", *(f"{each.rate * hit:.1f}" for each in found)],
        ["Gbit/s to readers", *(f"{each.rate * size * 8 / 1e9:.2f}" for each in found)],
    ]
    return f"{check}\n\n{_table(('what', *(f'{each.rate:,.0f}/s' for each in found)), rows)}"


def _is_new(key: tuple[str, str], scene: Scene) -> bool:
    """Whether an answer may be another one after a publication: it names the newest day, or none."""
    kind, answer = key
    if kind in ("static", "basemap", "history"):
        return False
    return str(scene.newest) in answer or not re.search(r"\d{4}-\d\d-\d\d", answer) or kind == "open history"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines)
