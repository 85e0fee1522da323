"""Golden bytes change only with a counter: what an immutable URL says is never another thing under its name.

``golden/DIGESTS`` has, for each golden tile, the counters under which its bytes were last blessed and their
SHA-256. ``--bless`` writes new ones, but replaces none whose counters are still the same.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from tileserver.history.periods import ENCODING
from tileserver.shape.partition import GENERALISER
from tileserver.tiles.version import SCHEME

GOLDEN = Path(__file__).parent / "golden"
DIGESTS = GOLDEN / "DIGESTS"
COUNTERS = f"SCHEME {SCHEME} GENERALISER {GENERALISER} ENCODING {ENCODING}"


def _recorded() -> dict[str, tuple[str, str]]:
    """File to the counters and the digest that it was blessed with."""
    lines = re.findall(r"^(\S+) (.+) (\w{64})$", DIGESTS.read_text("utf-8"), re.MULTILINE)
    return {file: (counters, digest) for file, counters, digest in lines}


def _drawn() -> dict[str, tuple[str, str]]:
    """File to the counters of the code and the digest of what lies there."""
    files = sorted(GOLDEN.rglob("*.txt"))
    return {
        path.relative_to(GOLDEN).as_posix(): (COUNTERS, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in files
    }


def _unsaid(recorded: dict[str, tuple[str, str]], drawn: dict[str, tuple[str, str]]) -> list[str]:
    """Golden tiles whose bytes are others, under counters that are the same."""
    return [
        file
        for file, (counters, digest) in drawn.items()
        if file in recorded and recorded[file][0] == counters and recorded[file][1] != digest
    ]


def test_golden_bytes_change_only_where_a_counter_was_raised(request: pytest.FixtureRequest) -> None:
    recorded, drawn = _recorded(), _drawn()
    changed = _unsaid(recorded, drawn)
    assert not changed, f"raise SCHEME, GENERALISER or ENCODING, then --bless: {', '.join(changed)}"
    if request.config.getoption("--bless"):
        DIGESTS.write_text("".join(f"{file} {how} {digest}\n" for file, (how, digest) in drawn.items()))
        return
    assert recorded == drawn, "bless what is new, gone, or drawn under another counter: --bless"


def test_another_byte_under_the_same_counters_is_found_and_under_others_is_not() -> None:
    drawn = _drawn()
    counters, digest = drawn["hole.txt"]
    assert _unsaid(drawn, {**drawn, "hole.txt": (counters, digest[::-1])}) == ["hole.txt"]
    assert _unsaid(drawn, {**drawn, "hole.txt": ("SCHEME 99", digest[::-1])}) == []
