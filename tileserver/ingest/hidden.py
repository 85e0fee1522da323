"""Sources hidden by their publisher: the mark in a row, and the properties that go with such a source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from tileserver.evidence import HiddenRule
from tileserver.ingest.mapping.filters import Condition
from tileserver.ingest.report import Report
from tileserver.ingest.source_list import CitedSource, host_of
from tileserver.model import Layer, Value

Decision: TypeAlias = Literal["", "leave_out", "without_sources"]

# A link, also one without its scheme, or the name of an account.
_LINK = re.compile(r"https?:|www\.|\b[\w-]+\.[a-z]{2,}/|(?<!\w)@\w{3,}", re.IGNORECASE)
_SHORTEST = 3  # letters of a publisher's name that is looked for in texts


@dataclass(frozen=True, slots=True)
class HiddenMark:
    """The mark of a hidden source in rows or features, and the desk's decision."""

    condition: Condition
    decision: Literal["leave_out", "without_sources"]

    @classmethod
    def of(cls, rule: HiddenRule | None) -> HiddenMark | None:
        """Return the mark that *rule* declares; ``None`` without a rule."""
        return None if rule is None else cls(Condition.of("hidden", 1, rule), rule.decision)

    @property
    def column(self) -> str:
        """The column that is looked at."""
        return self.condition.column

    def decide(self, values: Mapping[str, Any], report: Report) -> Decision | None:
        """Return the decision on a row or feature with raw *values*, and count each with the mark.

        ``''`` without the mark; ``None`` for a word that the rule knows neither as a mark nor as none, which
        may be a mark: put aside, with the reason that `Condition.unknown` gives.
        """
        met = self.condition.met(values)
        if met:
            report.rules[self.condition.label] = report.rules.get(self.condition.label, 0) + 1
            return self.decision
        return None if met is None else ""


def without_sources(properties: Mapping[str, Value], layer: Layer) -> dict[str, Value]:
    """Return *properties* without any source: neither its field nor URLs, nor a text that names a source.

    The fields of sources are the declared one and all whose names begin with ``url`` or ``source``. A text
    names a source where it has a link, an account, or the publisher or host of a source that is taken away.
    """
    declared = layer.evidence.sources if layer.evidence else ""
    taken = {name for name in properties if name == declared or name.startswith(("url", "source"))}
    named = {word for name in taken for word in _names(str(properties[name]), is_list=name == declared)}
    return {
        name: value
        for name, value in properties.items()
        if name not in taken and not (isinstance(value, str) and _tells(value, named))
    }


def _names(value: str, *, is_list: bool) -> list[str]:
    """Return the words by which a text may name the sources in *value*, in small letters."""
    sources = msgspec.json.decode(value, type=list[CitedSource]) if is_list else [CitedSource(value, value)]
    words = [word for each in sources for word in (each.publisher, host_of(each.url))]
    return [word.casefold() for word in words if len(word) >= _SHORTEST]


def _tells(text: str, named: set[str]) -> bool:
    folded = text.casefold()
    return bool(_LINK.search(text)) or any(word in folded for word in named)
