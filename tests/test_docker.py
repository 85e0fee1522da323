"""What docker/ promises holds before any engine sees it: pinned, unprivileged, healthy, complete."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Metric
from ruamel.yaml import YAML

from tileserver.config import SETTINGS
from tileserver.web.metrics import Metrics

ROOT = Path(__file__).parent.parent
DOCKERFILE = ROOT / "docker/Dockerfile"
COMPOSE = ROOT / "docker/compose.yaml"
PINNED = r"[\w./-]+:v?\d+(\.\d+)?[\w.-]*"
ALERTS = ROOT / "docker/prometheus/alerts.yaml"
DASHBOARD = ROOT / "docker/grafana/tileserver.json"


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


def test_every_volume_of_the_image_stands_on_a_folder_of_its_user() -> None:
    made = "".join(_all("RUN")).split("--owner=tileserver --group=tileserver ")
    for name, service in _services().items():
        own = [each.split(":") for each in service.get("volumes", []) if "build" in service]
        for source, target in (each for each in own if len(each) == 2 and "/" not in each[0]):
            assert any(each.split()[0] == target for each in made[1:]), (name, source, target)


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
    folder = ROOT / "tileserver/web/frontend"
    left_out = {"node_modules", "test"}
    inside = [
        path for path in folder.rglob("*.[tm][sj]*") if path.is_file() and not left_out & {*path.parts[:-1]}
    ]
    named = [(path, m[1]) for path in inside for m in re.finditer(r'"((?:\.\./)+[^"*]+)"', path.read_text())]
    read = {found for path, name in named if (found := (path.parent / name).resolve()).is_file()}
    outside = {each.relative_to(ROOT) for each in read if not each.is_relative_to(folder)}
    stage = next(one for one in DOCKERFILE.read_text().split("\nFROM ") if " AS frontend" in one)
    copied = [line.split()[0] for line in re.findall(r"^COPY ((?!--from).*)", stage, re.M)]
    assert len(outside) > 5
    assert not {each for each in outside if not any(each.is_relative_to(one) for one in copied)}


def test_what_the_package_takes_in_from_outside_is_copied_before_it_is_built() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    wanted = {*wheel["packages"], *wheel.get("force-include", {})}
    stage = next(one for one in DOCKERFILE.read_text().split("\nFROM ") if " AS package" in one)
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


def test_promtool_finds_nothing_to_say_about_scraping_and_alerts() -> None:
    scripts = Path(sysconfig.get_path("scripts"))
    promtool = shutil.which("promtool", path=f"{scripts}:{os.environ['PATH']}")
    assert promtool, "promtool: .ci/setup promtool"
    for what, file in (("rules", ALERTS), ("config", ALERTS.with_name("prometheus.yaml"))):
        done = subprocess.run([promtool, "check", what, file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_dashboard_and_alerts_ask_for_is_shown_by_a_server() -> None:
    registry = CollectorRegistry()
    Metrics(frozenset, registry)
    shown = {name for family in registry.collect() for name in _series(family)} | {"up"}
    rules = [rule for group in YAML(typ="safe").load(ALERTS)["groups"] for rule in group["rules"]]
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = [rule["expr"] for rule in rules]
    asked += [target["expr"] for panel in panels for target in panel["targets"]]
    named = {name for text in asked for name in re.findall(r"\b(?:tileserver_\w+|up)\b", text)}
    assert len(named) > 15
    assert named <= shown


def _series(family: Metric) -> set[str]:
    ends = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
    return {family.name + end for end in ends}


def test_every_panel_asks_the_datasource_that_is_set_up_and_has_a_title_of_its_own() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    known = {
        each["uid"] for each in YAML(typ="safe").load(DASHBOARD.with_name("datasource.yaml"))["datasources"]
    }
    used = {part["datasource"]["uid"] for panel in panels for part in (panel, *panel["targets"])}
    assert used == known
    assert len({panel["title"] for panel in panels}) == len({panel["id"] for panel in panels}) == len(panels)


def test_prometheus_asks_at_the_port_that_the_server_shows_its_figures_at() -> None:
    port = _services()["server"]["environment"]["TILESERVER_METRICS"].rpartition(":")[2]
    asked = YAML(typ="safe").load(ALERTS.with_name("prometheus.yaml"))["scrape_configs"][0]
    assert asked["static_configs"][0]["targets"] == [f"server:{port}"]
    assert not any(port in published for published in _services()["server"]["ports"])


def test_every_file_that_a_service_takes_in_is_there() -> None:
    mounts = [each for service in _services().values() for each in service.get("volumes", [])]
    own = [each.split(":")[0] for each in mounts if each.startswith("./")]
    assert len(own) == 4
    assert all((COMPOSE.parent / each).exists() for each in own)


def test_only_settings_that_exist_are_set() -> None:
    known = {setting.name for setting in SETTINGS}
    assert set(_services()["server"]["environment"]) <= known
    image = {pair.split("=")[0] for line in _all("ENV") for pair in line.split()}
    assert image - known == {"PATH", "PYTHONDONTWRITEBYTECODE"}
