"""Known faults of what is installed, as far as anybody could be asked: ``make audit``.

Exit codes: 0 all was looked at and nothing is known, 1 something is known, 2 not all could be looked at. An
index that is a mirror has packages and often no advisories; then nothing was audited, and that is said.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FRONT_END = ROOT / "tileserver" / "web" / "frontend"
AUDIT = Path(sys.executable).with_name("pip-audit")
OPTIONS = (
    "--require-hashes",
    "--disable-pip",
    "--format",
    "json",
    "--progress-spinner",
    "off",
    "--timeout",
    "15",
)


def main() -> None:
    """Ask about Python's packages, then about the front end's."""
    codes = [_python("requirements.txt", "requirements-dev.txt"), _front_end()]
    sys.exit(1 if 1 in codes else max(codes))


def _python(*lists: str) -> int:
    words = [word for each in lists for word in ("-r", str(ROOT / each))]
    done = subprocess.run([AUDIT, *OPTIONS, *words], capture_output=True, text=True, check=False)
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        return _unasked("Python", done.stderr)
    known = [each for each in found if each.get("vulns")]
    unasked = [each["name"] for each in found if "skip_reason" in each]
    for each in known:
        print(f"Python: {each['name']} {each['version']}: {', '.join(one['id'] for one in each['vulns'])}")
    asked = len(found) - len(unasked)
    print(f"Python: {asked} of {len(found)} packages looked up, {len(known)} with a known fault")
    if unasked:
        print(f"Python: NOT AUDITED, the index has no advisories of {_some(sorted(unasked))}")
    return 1 if known else 2 if unasked else 0


def _front_end() -> int:
    done = subprocess.run(
        ["npm", "audit", "--json"], cwd=FRONT_END, capture_output=True, text=True, check=False
    )
    try:
        counts: dict[str, int] = json.loads(done.stdout)["metadata"]["vulnerabilities"]
    except (json.JSONDecodeError, KeyError):
        return _unasked("front end", done.stderr)
    print(f"front end: {counts['total']} known faults")
    return 1 if counts["total"] else 0


def _some(names: list[str]) -> str:
    rest = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + rest


def _unasked(what: str, said: str) -> int:
    last = (said.strip().splitlines() or ["no answer"])[0]
    print(f"{what}: NOT AUDITED, no advisories could be had: {last}")
    return 2


if __name__ == "__main__":
    main()
