"""The commands that the pages below docs/ show are commands as they stand; those of the samples are run."""

from __future__ import annotations

import contextlib
import re
import shlex
from pathlib import Path

import click
import pytest
import typer.main

from tests.cli.conftest import Run
from tests.conftest import ROOT
from tileserver.cli.main import app

DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _commands(page: Path) -> list[str]:
    """Every command of ours that *page* shows, without what a shell does with its output."""
    blocks = [block for kind, block in _BLOCK.findall(page.read_text("utf-8")) if kind == "sh"]
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("tileserver ")]
    return [re.split(r" +# | > ", line)[0].removeprefix("tileserver ") for line in lines]


SHOWN = [(page.name, line) for page in sorted(DOCS.glob("*.md")) for line in _commands(page)]
# What the pages run on the samples, and write into the folder in which they are.
OF_SAMPLES = ("archives.md", "mobile.md")
_OF_NOBODY = re.compile(r"regions oblasts\.geojson|snapshots\.tar\.xz|found\.kml")
_NOT_OF_SAMPLES = re.compile(r"^export ukraine ")


@pytest.mark.parametrize(("page", "line"), SHOWN)
def test_a_command_that_a_page_shows_has_the_options_and_arguments_that_it_says(page: str, line: str) -> None:
    command: click.Command = typer.main.get_command(app)  # type: ignore[assignment]
    rest = shlex.split(line)
    context: click.Context | None = None
    while isinstance(command, click.Group):
        context = command.make_context(command.name, rest, parent=context)
        _, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None
        command = found
    with contextlib.suppress(click.BadParameter) if _OF_NOBODY.search(line) else contextlib.nullcontext():
        command.make_context(command.name, rest, parent=context)


@pytest.mark.db
@pytest.mark.parametrize("page", OF_SAMPLES)
def test_what_a_page_does_with_the_samples_can_be_done(
    run: Run, page: str, sample_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [line for line in _commands(DOCS / page) if not _NOT_OF_SAMPLES.search(line)]
    assert len(lines) > 1
    for line in lines:
        done = run(*shlex.split(line), dsn=sample_database)
        assert done.code == 0, (line, done.err)
    assert list(tmp_path.iterdir())


@pytest.mark.db
def test_the_tutorial_says_what_its_commands_say(
    run: Run, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = DOCS / "own-map.md"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(DOCS)
    said = ""
    for line in _commands(page):
        if line == "serve":
            continue
        done = run(*shlex.split(line), dsn=database)
        assert done.code == 0, (line, done.err)
        said += done.out
    told = [block for kind, block in _BLOCK.findall(page.read_text("utf-8")) if kind == "text"]
    assert told
    for line in "".join(told).splitlines():
        assert line in said
    assert (tmp_path / "merrow.png").read_bytes().startswith(b"\x89PNG")
