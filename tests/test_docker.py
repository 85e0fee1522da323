"""What docker/ promises holds before any engine sees it: pinned, unprivileged, healthy, complete."""

from __future__ import annotations

import re
import shlex
import subprocess
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tileserver.config import SETTINGS

ROOT = Path(__file__).parent.parent
DOCKERFILE = ROOT / "docker/Dockerfile"
COMPOSE = ROOT / "docker/compose.yaml"
PINNED = r"[\w./-]+:\d+(\.\d+)?[\w.-]*"


def _instructions() -> list[tuple[str, str]]:
    joined = DOCKERFILE.read_text().replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


def _all(name: str) -> list[str]:
    return [rest for instruction, rest in _instructions() if instruction == name]


def _services() -> dict[str, Any]:
    services: dict[str, Any] = YAML(typ="safe").load(COMPOSE)["services"]
    return services


def _passes(program: str, *arguments: str) -> None:
    argv = [str(Path(sysconfig.get_path("scripts")) / program), *arguments]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_hadolint_finds_nothing_to_say_about_the_dockerfile() -> None:
    _passes("hadolint", "--failure-threshold", "style", str(DOCKERFILE))


def test_the_compose_file_follows_the_compose_specification() -> None:
    _passes("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE))


def test_every_base_image_is_pinned_to_a_version() -> None:
    bases = [line.split()[0] for line in _all("FROM")]
    bases += [service["image"] for service in _services().values() if "image" in service]
    assert bases
    for base in bases:
        assert re.fullmatch(PINNED, base), base


def test_the_image_runs_as_nobody_special_and_says_how_it_feels() -> None:
    last_stage = _instructions()[-_instructions()[::-1].index(_last("FROM")) :]
    user = next(rest for name, rest in last_stage if name == "USER")
    assert int(user.split(":")[0]) >= 1000
    health = next(rest for name, rest in last_stage if name == "HEALTHCHECK")
    assert "/healthz" in health
    assert "curl" not in health


def _last(name: str) -> tuple[str, str]:
    return [instruction for instruction in _instructions() if instruction[0] == name][-1]


def test_nothing_is_added_from_an_address() -> None:
    assert not _all("ADD")
    assert "http://" not in re.sub(r"http://127\.0\.0\.1", "", DOCKERFILE.read_text())
    assert "https://" not in DOCKERFILE.read_text()


@pytest.mark.parametrize("line", [line for line in _all("COPY") if "--from" not in line])
def test_what_is_copied_exists_and_reaches_the_builder(line: str) -> None:
    admitted = {rule[1:] for rule in (ROOT / ".dockerignore").read_text().splitlines() if rule[:1] == "!"}
    for source in shlex.split(line)[:-1]:
        assert (ROOT / source).exists(), source
        assert Path(source).parts[0] in admitted, source


def test_what_the_front_end_reads_outside_its_folder_is_copied_too() -> None:
    sources = (ROOT / "tileserver/web/frontend").rglob("*.[tm][sj]*")
    inside = [path for path in sources if "node_modules" not in path.parts and path.is_file()]
    top = {m[1] for path in inside for m in re.finditer(r'"(?:\.\./){4}([^/"]+)/', path.read_text())}
    copied = {Path(shlex.split(line)[0]).parts[0] for line in _all("COPY") if "--from" not in line}
    assert top <= copied


def test_what_the_package_takes_in_from_outside_is_copied_before_it_is_built() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    wanted = {*wheel["packages"], *wheel.get("force-include", {})}
    stage = DOCKERFILE.read_text().split("\nFROM ")[2]
    assert wanted <= {
        source for line in re.findall(r"^COPY ((?!--from).*)", stage, re.M) for source in line.split()
    }


def test_the_database_is_reached_by_the_server_alone_and_waited_for() -> None:
    services = _services()
    assert "ports" not in services["database"]
    assert services["database"]["healthcheck"]["test"]
    assert services["server"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert re.search(r"@database/\w+$", services["server"]["environment"]["DATABASE_URL"])


def test_the_server_listens_on_this_machine_alone_unless_told() -> None:
    assert _services()["server"]["ports"] == ["${TILESERVER_PUBLISH:-127.0.0.1:8000}:8000"]


def test_only_settings_that_exist_are_set() -> None:
    known = {setting.name for setting in SETTINGS}
    assert set(_services()["server"]["environment"]) <= known
    image = {pair.split("=")[0] for line in _all("ENV") for pair in line.split()}
    assert image - known == {"PATH", "PYTHONDONTWRITEBYTECODE"}
