"""Figures of parts that run: answers of servers, and processor time with that of what has ended."""

from __future__ import annotations

import os
import re
import urllib.request
from pathlib import Path
from typing import NamedTuple

from tests.bench.processor import processor_seconds

_TICK = os.sysconf("SC_CLK_TCK")
_ANSWERS = re.compile(r"^tileserver_answers_total\{([^}]*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_OWN = ("promise", "readyz", "healthz")  # asked by the cache and by whoever watches


class Answers(NamedTuple):
    """Answers of a server to readers' requests, and those of them for which PostGIS was asked."""

    asked: int
    drawn: int


def answers_of(port: int) -> Answers:
    """Return what ``/metrics`` at *port* counts."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    asked = drawn = 0
    for said, value in _ANSWERS.findall(text):
        labels = dict(_LABEL.findall(said))
        if labels["kind"] not in _OWN:
            asked += int(float(value))
            drawn += int(float(value)) * (labels["tier"] == "postgis")
    return Answers(asked, drawn)


def seconds_with_ended(pid: int) -> float:
    """Return the processor seconds of *pid*, of those below it, and of those that it has seen end."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return processor_seconds(pid) + (int(fields[13]) + int(fields[14])) / _TICK
