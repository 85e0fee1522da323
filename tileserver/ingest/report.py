"""Account of an import: counts of findings, a few examples of each, and the items put aside."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from tileserver.findings import Finding, Treatment

EXAMPLES = 5  # per finding
EXAMPLE_LENGTH = 200
QUARANTINE_ITEMS = 10_000
QUARANTINE_LENGTH = 10_000


def printable(text: str) -> str:
    """Return *text* without surrogates, which UTF-8 cannot encode: names of files may hold any byte."""
    return text.encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An item put aside: its finding, its file and place, and its text as far as is kept."""

    finding: Finding
    origin: str
    raw: str


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

    def note(self, finding: Finding, example: str = "", n: int = 1) -> None:
        """Count *n* of *finding*, and keep *example* while there are few."""
        self.counts[finding] += n
        self._keep_example(finding, example)

    def quarantine(self, finding: Finding, origin: str, raw: str) -> None:
        """Count an item put aside, and keep the item while there is room."""
        if finding.treatment != "quarantined":
            raise ValueError(f"{finding} is {finding.treatment}, not quarantined")
        self.note(finding, f"{origin}: {raw}")
        if len(self.quarantined) < QUARANTINE_ITEMS:
            raw = printable(raw[:QUARANTINE_LENGTH])
            self.quarantined.append(Quarantined(finding, printable(origin), raw))

    def add(self, part: Report) -> None:
        """Add the account of a *part* that was read for itself."""
        self.read += part.read
        self.imported += part.imported
        self.counts += part.counts
        for finding, examples in part.examples.items():
            for example in examples:
                self._keep_example(finding, example)
        self.quarantined += part.quarantined[: QUARANTINE_ITEMS - len(self.quarantined)]

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
        }

    def _keep_example(self, finding: Finding, example: str) -> None:
        kept = self.examples[finding]
        example = printable(example[:EXAMPLE_LENGTH])
        if example and len(kept) < EXAMPLES and example not in kept:
            kept.append(example)
