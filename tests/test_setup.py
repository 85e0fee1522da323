"""The two commands of a newcomer are complete, pinned and said out loud."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAKEFILE = (ROOT / "Makefile").read_text()
SETUP = ROOT / ".ci/setup"
MARKER = r"[a-z_]+ ?[<>=!]+ ?[\"'][\w.]+[\"']"
EXACT = rf"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*( ?; ?{MARKER}( and {MARKER})*)?"
LISTS = sorted(path.name for path in ROOT.glob("requirements*.txt"))


def _run(*argv: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        [str(part) for part in argv],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=kept | environ,
    )


def test_help_names_every_target_that_a_person_types() -> None:
    shown = _run("make", "help").stdout
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony
    for target in set(phony[1].split()) - {"machine", "browser", "firefox", "services"}:
        assert re.search(rf"make {target} +\w", shown), target


def test_make_alone_is_help() -> None:
    assert _run("make").stdout == _run("make", "help").stdout


@pytest.mark.parametrize("name", LISTS)
def test_every_package_is_pinned_exactly_with_its_hashes_and_comes_from_no_address(name: str) -> None:
    text = re.sub(r"^#.*\n|^-r requirements.txt\n|^\n", "", (ROOT / name).read_text(), flags=re.MULTILINE)
    for entry in re.split(r"\n(?! )", text.strip()):
        pin, *hashes = entry.split(" \\\n")
        assert re.fullmatch(EXACT, pin), pin
        assert hashes, f"{pin} has no hashes: make pins"
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}", each) for each in hashes), pin


def test_every_list_is_renewed_by_one_command_and_installed_by_its_hashes() -> None:
    assert all(f'"{name}"' in (ROOT / ".ci/pins.py").read_text() for name in LISTS)
    lists = [line for line in SETUP.read_text().splitlines() if " -r requirements" in line]
    assert lists
    assert all(line.strip().startswith("pip_install .venv") for line in lists)
    assert "--require-hashes" in (ROOT / "docker/Dockerfile").read_text()


def test_what_the_project_declares_it_needs_is_pinned() -> None:
    pinned = {_normal(line.split("==")[0]) for line in (ROOT / "requirements.txt").read_text().splitlines()}
    block = re.search(
        r"^dependencies = \[(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.DOTALL | re.MULTILINE
    )
    assert block
    declared = {_normal(name) for name in re.findall(r'^\s*"([\w-]+)', block[1], re.MULTILINE)}
    assert declared <= pinned


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_ci_runs_the_tests_as_everybody_does() -> None:
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == "exec make test"


@pytest.mark.parametrize(("shell", "script"), [("bash", ".ci/run"), ("sh", ".ci/setup")])
def test_the_scripts_are_whole_and_can_be_run(shell: str, script: str) -> None:
    assert _run(shell, "-n", script).returncode == 0
    assert os.access(ROOT / script, os.X_OK)


def test_every_step_that_make_asks_for_exists() -> None:
    steps = set(re.findall(r"\.ci/setup ([a-z-]+)", MAKEFILE))
    usage = _run(SETUP, "nonsense")
    assert usage.returncode == 1
    offered = set(usage.stderr.split(" ")[-1].strip().split("|"))
    assert steps <= offered


def test_a_machine_without_apt_and_postgis_is_told_what_is_needed(tmp_path: Path) -> None:
    setup = SETUP.read_text().replace("/usr/share/postgresql", str(tmp_path))
    copy = tmp_path / ".ci/setup"
    copy.parent.mkdir()
    copy.write_text(setup)
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("dirname", "cat"):
        (tools / tool).symlink_to(f"/usr/bin/{tool}")
    done = _run("/bin/sh", copy, "machine", PATH=str(tools), DATABASE_URL="")
    assert done.returncode == 1
    assert "PostgreSQL 14 or newer with PostGIS 3.2 or newer" in done.stderr
    elsewhere = _run("/bin/sh", copy, "machine", PATH=str(tools), DATABASE_URL="postgresql://elsewhere/db")
    assert "PostgreSQL" not in elsewhere.stderr


@pytest.mark.parametrize("step", ["browser", "firefox", "services", "promtool"])
def test_a_machine_that_lacks_what_the_tests_drive_is_not_taken_for_one_that_has_it(
    tmp_path: Path, step: str
) -> None:
    copy = tmp_path / ".ci/setup"
    copy.parent.mkdir()
    shutil.copy(SETUP, copy)
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("dirname", "find", "head"):
        (tools / tool).symlink_to(f"/usr/bin/{tool}")
    for beside in ("xvfb-run", "xauth"):  # so that Firefox alone is missing
        (tools / beside).symlink_to("/usr/bin/true")
    # `services` looks into /usr/sbin too, where what it asks for may lie
    copy.write_text(copy.read_text().replace("PATH=$PATH:/usr/sbin", ""))
    done = _run("/bin/sh", copy, step, PATH=str(tools), CHROMIUM="", FIREFOX="")
    assert (done.returncode, done.stderr.split(":")[0]) == (1, "error"), done.stderr


def test_a_browser_that_is_named_but_is_not_there_is_refused() -> None:
    done = _run(SETUP, "browser", CHROMIUM="/nowhere/chromium")
    assert done.returncode == 1
    assert "/nowhere/chromium" in done.stderr


def test_the_front_end_is_locked_and_names_no_address() -> None:
    text = (ROOT / "tileserver/web/frontend/package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert all("version" in entry and "integrity" in entry for path, entry in packages.items() if path)
    assert '"resolved"' not in text
    declared = packages[""].get("dependencies", {}) | packages[""].get("devDependencies", {})
    assert all(re.fullmatch(r"\d+\.\d+\.\d+[\w.-]*", version) for version in declared.values())
