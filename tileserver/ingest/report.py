"""Account of an import: counts of findings, a few examples of each, and the items put aside."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tileserver.findings import Finding, Treatment
from tileserver.ingest.whereabouts import place_in, place_of

EXAMPLES = 5  # per finding
EXAMPLE_LENGTH = 200
QUARANTINE_ITEMS = 10_000
QUARANTINE_LENGTH = 10_000
REPAIRS = 200  # told one by one, those first that moved most
PUT_ASIDE = 100  # of each class, told one by one with their places

# An example: the file, the number of its row, and words. A file's own name may have colons, as URLs have.
_EXAMPLE = re.compile(r"(?P<file>.*?)[#:](?P<row>[0-9]{1,18})(?:: (?P<text>.*))?\Z", re.DOTALL)


def printable(text: str) -> str:
    """Return *text* without surrogates, which UTF-8 cannot encode: names of files may hold any byte."""
    return text.encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An item put aside: its finding, its file and place, and its text as far as is kept."""

    finding: Finding
    origin: str
    raw: str


@dataclass(frozen=True, slots=True)
class Repair:
    """A feature that was repaired: its finding and origin, a place in degrees, and the land that moved.

    ``moved_m2`` is that of the symmetric difference of before and after, on the ellipsoid; ``None`` where
    nothing can be measured, as of lines.
    """

    finding: Finding
    origin: str
    lon: float
    lat: float
    moved_m2: float | None = None


def example_of(text: str) -> dict[str, Any]:
    """Return an example's file, words, and the number of its row (``None`` for a whole file)."""
    found = _EXAMPLE.match(text)
    if found is None:
        file, _, said = text.partition(": ")
        return {"file": file, "row": None, "text": said}
    return {"file": found["file"], "row": int(found["row"]), "text": found["text"] or ""}


def findings_told(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the classes of findings of a *report* by `Report.as_dict`, of this version or an older."""
    if "findings" in report:
        told: list[dict[str, Any]] = report["findings"]
        return told
    older = Report(counts=Counter({Finding(name): n for name, n in report["counts"].items()}))
    for name, examples in report["examples"].items():
        older.examples[Finding(name)] += examples
    return findings_told(older.as_dict())


def left_out_of(report: Mapping[str, Any], finding: Finding, examples: Sequence[str]) -> dict[str, Any]:
    """Return a *report* by `Report.as_dict` in which as many imported items as *examples* are left out."""
    part = Report()
    for example in examples:
        part.note(finding, example)
    told = part.as_dict()
    merged = {name: {**report[name], **told[name]} for name in ("counts", "treatments", "examples")}
    return {
        **report,
        **merged,
        "imported": report["imported"] - len(examples),
        "left_out": report["left_out"] + len(examples),
        "findings": findings_told(report) + told["findings"],
    }


def example_words(example: Mapping[str, Any] | None) -> str:
    """Return an example in words: its file, the number of its row, and its text."""
    if example is None:
        return ""
    row = "" if example["row"] is None else f" row {example['row']:,}"
    return f"{example['file']}{row}" + (f": {example['text']}" if example.get("text") else "")


def class_words(told: Mapping[str, Any]) -> str:
    """Return the sentences on a class of findings: its meaning, its remedy, and the land that moved."""
    sentences = filter(None, (told["meaning"], told["remedy"], moved_words(told)))
    return " ".join(f"{each[0].upper()}{each[1:]}." for each in sentences)


def moved_words(told: Mapping[str, Any]) -> str:
    """Return in words how much land the repairs of a class moved; empty where nothing was measured."""
    if told["moved_m2"] is None:
        return ""
    words, largest = f"land that moved: {told['moved_m2']:,.0f} m²", told["largest"]
    return f"{words}, most of it {largest['moved_m2']:,.0f} m² in {example_words(largest)}"


@dataclass(slots=True)
class Report:
    """The account of one import.

    It balances: ``read == imported + quarantined + left out``, where duplicates are among the left out.
    Readers count what they read and what they put aside; whoever writes counts what was imported.
    """

    read: int = 0
    imported: int = 0
    counts: Counter[Finding] = field(default_factory=Counter)
    examples: defaultdict[Finding, list[str]] = field(default_factory=lambda: defaultdict(list))
    quarantined: list[Quarantined] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)  # of each distinct feature
    rules: dict[str, int] = field(default_factory=dict)  # conditions of a mapping: rows that each leaves out
    put_aside: list[dict[str, Any]] = field(default_factory=list)  # the first of each class, as told

    def note(self, finding: Finding, example: str = "", n: int = 1) -> None:
        """Count *n* of *finding*, and keep *example* while there are few."""
        self.counts[finding] += n
        self._keep_example(finding, example)

    def quarantine(self, finding: Finding, origin: str, raw: str, geometry: bytes = b"") -> None:
        """Count an item put aside, and keep the item while there is room.

        *geometry* is the text of its GeoJSON geometry in longitude and latitude, where known; else a place is
        looked for in *raw*.
        """
        if finding.treatment != "quarantined":
            raise ValueError(f"{finding} is {finding.treatment}, not quarantined")
        self.note(finding, f"{origin}: {raw}")
        if len(self.quarantined) < QUARANTINE_ITEMS:
            raw = printable(raw[:QUARANTINE_LENGTH])
            self.quarantined.append(Quarantined(finding, printable(origin), raw))
        if self.counts[finding] <= PUT_ASIDE:
            where = place_of(geometry) or place_in(raw)
            self.put_aside.append(_put_aside(finding, origin, raw, where))

    def turn_away(self, finding: Finding, origin: str, words: str) -> None:
        """Count an item that does not enter: put aside, or left out, as *finding* is treated."""
        if finding.treatment == "quarantined":
            self.quarantine(finding, origin, words)
        else:
            self.note(finding, f"{origin}: {words}" if words else origin)

    def add(self, part: Report) -> None:
        """Add the account of a *part* that was read for itself."""
        self.read += part.read
        self.imported += part.imported
        self.counts += part.counts
        for finding, examples in part.examples.items():
            for example in examples:
                self._keep_example(finding, example)
        for rule, rows in part.rules.items():
            self.rules[rule] = self.rules.get(rule, 0) + rows
        self.quarantined += part.quarantined[: QUARANTINE_ITEMS - len(self.quarantined)]
        self.repairs += part.repairs
        self.put_aside += part.put_aside

    def total(self, treatment: Treatment) -> int:
        """Return the number of findings of *treatment*."""
        return sum(n for finding, n in self.counts.items() if finding.treatment == treatment)

    @property
    def balances(self) -> bool:
        """Whether everything read is accounted for exactly once."""
        return self.read == self.imported + self.total("quarantined") + self.total("left_out")

    def as_dict(self) -> dict[str, Any]:
        """Return the account as values of JSON; findings in the order of their declaration."""
        found = [finding for finding in Finding if self.counts[finding]]
        return {
            "read": self.read,
            "imported": self.imported,
            "quarantined": self.total("quarantined"),
            "left_out": self.total("left_out"),
            "duplicates": self.counts[Finding.DUPLICATE],
            "counts": {finding.value: self.counts[finding] for finding in found},
            "treatments": {finding.value: finding.treatment for finding in found},
            "examples": {finding.value: list(self.examples[finding]) for finding in found},
            "findings": [self._told(finding) for finding in found],
            "rules": dict(self.rules),
            "put_aside": self._first_put_aside(),
            "repairs": [_repair(each) for each in sorted(self.repairs, key=_by_size)[:REPAIRS]],
        }

    def _first_put_aside(self) -> list[dict[str, Any]]:
        told: Counter[str] = Counter()
        kept = []
        for each in self.put_aside:
            told[each["finding"]] += 1
            if told[each["finding"]] <= PUT_ASIDE:
                kept.append(each)
        return kept

    def _told(self, finding: Finding) -> dict[str, Any]:
        """Return the whole account of *finding*, as values of JSON."""
        examples = self.examples[finding]
        own = [each for each in self.repairs if each.finding is finding and each.moved_m2 is not None]
        largest = min(own, key=_by_size, default=None)
        return {
            "finding": finding.value,
            "treatment": finding.word,
            "count": self.counts[finding],
            "meaning": finding.meaning,
            "remedy": finding.remedy,
            "example": example_of(examples[0]) if examples else None,
            "moved_m2": round(sum(each.moved_m2 or 0.0 for each in own), 1) if own else None,
            "largest": _repair(largest) if largest else None,
        }

    def _keep_example(self, finding: Finding, example: str) -> None:
        kept = self.examples[finding]
        example = printable(example[:EXAMPLE_LENGTH])
        if example and len(kept) < EXAMPLES and example not in kept:
            kept.append(example)


def _by_size(repair: Repair) -> tuple[float, str]:
    return (-(repair.moved_m2 or 0.0), repair.origin)


def _repair(repair: Repair) -> dict[str, Any]:
    origin = example_of(printable(repair.origin))
    return {
        "finding": repair.finding.value,
        "file": origin["file"],
        "row": origin["row"],
        "moved_m2": None if repair.moved_m2 is None else round(repair.moved_m2, 1),
        "at": [round(repair.lon, 5), round(repair.lat, 5)],
    }


def _put_aside(finding: Finding, origin: str, raw: str, where: tuple[float, float] | None) -> dict[str, Any]:
    told = example_of(printable(f"{origin}: {raw[:EXAMPLE_LENGTH]}"))
    at = None if where is None else [round(where[0], 5), round(where[1], 5)]
    return {"finding": finding.value, **told, "at": at}
