"""What a release is made of, into ``dist/``, from its tag and nothing else: ``make release``.

The version of `tileserver/__init__.py` has to have its dated section at the top of `CHANGELOG.md`, its dump
of a database in `tests/operate`, and its annotated tag at HEAD, in a checkout without changes. What
`git archive` gives of the tag is built twice, in two folders, with the time of its commit as the only time;
where a byte differs there is no release. Packages of the front end come from npm by its lock, tools from
`.venv`.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
Build = Callable[[Path, Path, Mapping[str, str]], None]


class Refused(Exception):
    """There is no release, for a reason that the person at hand can mend."""


def main() -> int:
    """Build, and print checksums."""
    try:
        made = [*release(ROOT, ROOT / "dist", build), make_image(ROOT)]
    except Refused as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("\n".join(made))
    return 0


def release(root: Path, into: Path, build: Build) -> list[str]:
    """Build the release of the checkout *root* into the folder *into*; return lines to print.

    Raises
    ------
    Refused
        The checkout is not that of a tagged version, or two builds are not the same bytes.
    """
    version = version_of(root)
    check(root, version)
    epoch = _git(root, "log", "-1", "--format=%ct").strip()
    environment = {**os.environ, "SOURCE_DATE_EPOCH": epoch}
    with tempfile.TemporaryDirectory() as folder:
        builds = [Path(folder) / name for name in ("first", "second")]
        for each in builds:
            build(extract(root, version, each), each / "dist", environment)
        first, second = (sums(each / "dist") for each in builds)
        if first != second:
            raise Refused(f"built twice, these differ: {', '.join(sorted(_differing(first, second)))}")
        shutil.rmtree(into, ignore_errors=True)
        shutil.copytree(builds[0] / "dist", into)
        shutil.copy(builds[0] / f"tileserver-{version}" / "requirements.txt", into)
    lines = [f"{digest}  {name}" for name, digest in sorted(sums(into).items())]
    (into / "SHA256SUMS").write_text("".join(f"{line}\n" for line in lines))
    return [*lines, f"built twice, the same bytes, in {into}"]


def extract(root: Path, version: str, into: Path) -> Path:
    """Put the files of the tag of *version* into a folder of *into*, and return that."""
    sources = into / f"tileserver-{version}"
    sources.mkdir(parents=True)
    tar = subprocess.run(["git", "archive", f"v{version}"], cwd=root, check=True, capture_output=True)
    subprocess.run(["tar", "-x", "-C", sources], input=tar.stdout, check=True)
    return sources


def version_of(root: Path) -> str:
    """Return the version of the sources below *root*."""
    text = (root / "tileserver/__init__.py").read_text("utf-8")
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    if found is None:
        raise Refused("tileserver/__init__.py has no __version__")
    return found[1]


def check(root: Path, version: str) -> None:
    """Refuse a checkout that is not exactly that of the annotated tag of *version*."""
    if changed := _git(root, "status", "--porcelain").strip():
        raise Refused(f"the checkout has changes; commit or remove them: {changed.splitlines()[0].strip()}")
    section = re.search(r"^## (.+)$", (root / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    if section is None or not re.fullmatch(rf"{re.escape(version)} - \d{{4}}-\d\d-\d\d", section[1]):
        raise Refused(f"the first section of CHANGELOG.md has to be {version} and its day")
    check_dump(root, version)
    tag = f"v{version}"
    kind = _git(root, "for-each-ref", "--format=%(objecttype)", f"refs/tags/{tag}").strip()
    if kind != "tag":
        what = "is a plain one" if kind else "is not there"
        raise Refused(f"the annotated tag {tag} {what}: git tag --annotate {tag} -m 'tileserver {version}'")
    if _git(root, "rev-parse", f"{tag}^{{commit}}") != _git(root, "rev-parse", "HEAD"):
        raise Refused(f"{tag} is another commit than the one that is checked out: git switch --detach {tag}")


def check_dump(root: Path, version: str) -> None:
    """Refuse a version whose kept database is missing, or has not seen the last migration."""
    sys.path.insert(0, str(root))
    from tests.operate.dumped import dumps, schema_of  # noqa: PLC0415 - of the checkout at hand

    last = max(int(path.name[:4]) for path in (root / "tileserver/store/sql").glob("*.sql"))
    if version not in dumps() or schema_of(version) != last:
        raise Refused(
            f"tests/operate has no database of {version} at {last:04}: python -m tests.operate.dumped"
        )


def build(sources: Path, into: Path, environment: Mapping[str, str]) -> None:
    """Build the front end of *sources*, then wheel and sdist into the folder *into*."""
    web = sources / "tileserver/web/frontend"
    basemap = ROOT / ".basemap"  # by hash, of requirements-basemap.txt; a copy saves fetching it twice
    if basemap.exists():
        shutil.copytree(basemap, sources / ".basemap")
    for argv, at in (
        (("npm", "ci", "--no-audit", "--no-fund", "--silent"), web),
        (("npm", "run", "--silent", "build"), web),
        ((sys.executable, "-m", "hatchling", "build", "-d", str(into)), sources),
    ):
        subprocess.run(argv, cwd=at, env=environment, check=True, stdout=subprocess.DEVNULL)


def make_image(root: Path) -> str:
    """Build the image of the tag where a container engine answers; return what became of it, in words."""
    version = version_of(root)
    command = ["build", "-f", "docker/Dockerfile", "-t", f"tileserver:{version}", "."]
    for engine in ("docker", "podman"):
        if _answers(engine):
            with tempfile.TemporaryDirectory() as folder:
                subprocess.run([engine, *command], cwd=extract(root, version, Path(folder)), check=True)
            return f"image tileserver:{version}"
    words = " ".join(command)
    return f"no image: no container engine answers here; where one does, in a checkout: docker {words}"


def _answers(engine: str) -> bool:
    """Whether a container engine is there: its client alone builds nothing."""
    found = shutil.which(engine)
    return (
        found is not None
        and subprocess.run([found, "info"], check=False, capture_output=True).returncode == 0
    )


def sums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file in *folder*."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def _differing(first: Mapping[str, str], second: Mapping[str, str]) -> set[str]:
    return {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)}


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
