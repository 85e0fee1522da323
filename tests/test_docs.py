"""What the README says of settings and commands is what the code has, and the reverse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from tileserver.cli.main import app
from tileserver.config import SETTINGS

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
_SETTING = re.compile(r"^\| `([A-Z_]+)` \| (?:`([^`]*)`)? ?\| (.+?) \|$", re.MULTILINE)
_COMMAND = re.compile(r"^\| `tileserver ([a-z]+)[^`]*` \| (.+?) \|$", re.MULTILINE)


def _below(command: Any) -> Iterator[tuple[str, Any]]:
    yield from getattr(command, "commands", {}).items()


COMMANDS = dict(_below(typer.main.get_command(app)))


def test_the_settings_table_is_the_table_of_the_code() -> None:
    written = [(match[1], match[2] or "", match[3]) for match in _SETTING.finditer(README)]
    assert written == [(setting.name, setting.default, setting.help) for setting in SETTINGS]


def test_the_commands_table_is_the_commands_of_the_code() -> None:
    assert {match[1] for match in _COMMAND.finditer(README)} == set(COMMANDS)


def test_every_command_of_a_group_is_named_beside_it_and_no_other() -> None:
    rows = {match[1]: match[2] for match in _COMMAND.finditer(README)}
    for name, group in COMMANDS.items():
        own = {each for each, _ in _below(group)}
        if own:
            assert set(re.findall(r"`([a-z]+)`", rows[name])) == own


def test_every_command_that_an_example_calls_exists() -> None:
    called = re.findall(r"^(?:\.venv/bin/)?tileserver ([a-z]+)(?: ([a-z]+))?", README, re.MULTILINE)
    assert called
    for name, sub in called:
        assert name in COMMANDS
        own = {each for each, _ in _below(COMMANDS[name])}
        assert not own or sub in own
