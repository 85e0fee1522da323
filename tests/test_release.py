"""A release is the tag and nothing else, and the changelog says what there is."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

from tests.operate.dumped import schema_of
from tests.test_docs import COMMANDS
from tileserver import __version__
from tileserver.config import SETTINGS

ROOT = Path(__file__).parent.parent
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
SECTIONS = re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", ROOT / ".ci/release.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository that is ready to be released."""
    root = tmp_path / "checkout"
    files = {
        "CHANGELOG.md": f"# Changelog\n\n## {__version__} - 2026-11-28\n",
        "requirements.txt": "starlette==1\n",
        "tileserver/__init__.py": f'__version__ = "{__version__}"\n',
        f"tileserver/store/sql/{schema_of(__version__):04}_last.sql": "",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    git(root, "init", "--quiet")
    commit(root)
    git(root, "tag", "--annotate", f"v{__version__}", "--message", "a release")
    return root


def git(root: Path, *words: str) -> None:
    named = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *named, *words], cwd=root, check=True, capture_output=True)


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "all")


def built(sources: Path, into: Path, environment: Mapping[str, str]) -> None:
    """Build something that depends on the sources and on the time that is given."""
    into.mkdir()
    (into / "wheel").write_text(environment["SOURCE_DATE_EPOCH"] + (sources / "CHANGELOG.md").read_text())


def built_by_the_clock(_sources: Path, into: Path, _environment: Mapping[str, str]) -> None:
    into.mkdir()
    (into / "wheel").write_text(str(time.time_ns()))


def test_the_changelog_begins_with_this_version_or_with_what_comes_after_it() -> None:
    released = [section for section in SECTIONS if section != "Unreleased"]
    assert "Unreleased" not in SECTIONS[1:]
    assert released[0].partition(" - ")[0] == __version__
    numbers = [tuple(map(int, section.partition(" - ")[0].split("."))) for section in released]
    days = [date.fromisoformat(section.partition(" - ")[2]) for section in released]
    assert numbers == sorted(numbers, reverse=True)
    assert days == sorted(days, reverse=True)


def test_no_line_of_the_changelog_is_told_twice() -> None:
    entries = re.findall(r"^- (.+(?:\n  .+)*)", CHANGELOG, re.MULTILINE)
    assert [entry for entry in entries if entries.count(entry) > 1] == []


def test_every_setting_and_command_that_the_changelog_names_as_new_is_there() -> None:
    newest = CHANGELOG.split("\n### Added\n")[1].split("\n### ")[0]
    assert set(re.findall(r"\bTILESERVER_[A-Z_]+\b", newest)) <= {setting.name for setting in SETTINGS}
    called = re.findall(r"`tileserver ([a-z]+)(?: ([a-z-]+))?", newest)
    assert len(called) > 10
    for name, sub in called:
        own = getattr(COMMANDS[name], "commands", {})
        assert not own or not sub or sub in own, f"{name} {sub}"


def test_a_release_is_built_from_its_tag_with_checksums(script: ModuleType, checkout: Path) -> None:
    (checkout / ".git/info/exclude").write_text("dist\n")
    (checkout / "dist").mkdir()
    (checkout / "dist/of-before").touch()
    script.release(checkout, checkout / "dist", built)
    assert {path.name for path in (checkout / "dist").iterdir()} == {
        "wheel",
        "requirements.txt",
        "SHA256SUMS",
    }
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=checkout / "dist", check=True)


def test_a_machine_without_a_container_engine_is_told_how_the_image_is_made(
    script: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert f"docker build -f docker/Dockerfile -t tileserver:{__version__} ." in script.make_image(checkout)


def test_two_builds_that_differ_are_no_release(script: ModuleType, checkout: Path) -> None:
    with pytest.raises(script.Refused, match="these differ: wheel"):
        script.release(checkout, checkout.parent / "dist", built_by_the_clock)
    assert not (checkout.parent / "dist").exists()


def test_a_checkout_with_changes_is_refused(script: ModuleType, checkout: Path) -> None:
    (checkout / "left.txt").touch()
    with pytest.raises(script.Refused, match=r"has changes.*left\.txt"):
        script.check(checkout, __version__)


def test_a_version_without_its_dated_section_is_refused(script: ModuleType, checkout: Path) -> None:
    (checkout / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n")
    commit(checkout)
    with pytest.raises(script.Refused, match=rf"has to be {re.escape(__version__)} and its day"):
        script.check(checkout, __version__)


def test_a_database_that_has_not_seen_the_last_migration_is_refused(
    script: ModuleType, checkout: Path
) -> None:
    (checkout / f"tileserver/store/sql/{schema_of(__version__) + 1:04}_newer.sql").touch()
    commit(checkout)
    with pytest.raises(script.Refused, match=r"python -m tests\.operate\.dumped"):
        script.check(checkout, __version__)


def test_a_tag_that_is_missing_plain_or_elsewhere_is_refused(script: ModuleType, checkout: Path) -> None:
    script.check(checkout, __version__)
    (checkout / "later.txt").touch()
    commit(checkout)
    with pytest.raises(script.Refused, match="another commit"):
        script.check(checkout, __version__)
    git(checkout, "tag", "--force", f"v{__version__}")
    with pytest.raises(script.Refused, match="is a plain one"):
        script.check(checkout, __version__)
    git(checkout, "tag", "--delete", f"v{__version__}")
    with pytest.raises(script.Refused, match="is not there"):
        script.check(checkout, __version__)
