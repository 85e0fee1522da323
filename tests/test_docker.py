"""What docker/ promises holds before any engine sees it: pinned, unprivileged, healthy, complete."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Metric
from ruamel.yaml import YAML

from tests.operate.compose import COMPOSE
from tests.operate.compose import services as _services
from tileserver.config import SETTINGS
from tileserver.web.metrics import Metrics

ROOT = Path(__file__).parent.parent
DOCKERFILE = ROOT / "docker/Dockerfile"
PINNED = r"[\w./-]+:v?\d+(\.\d+)?[\w.-]*"
ALERTS = ROOT / "docker/prometheus/alerts.yaml"
DASHBOARD = ROOT / "docker/grafana/tileserver.json"


def _instructions() -> list[tuple[str, str]]:
    joined = DOCKERFILE.read_text().replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


def _all(name: str) -> list[str]:
    return [rest for instruction, rest in _instructions() if instruction == name]


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


LISTENING = [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("::1", "::1")]


@pytest.mark.parametrize(("host", "there"), [*LISTENING, ("127.0.0.2", "127.0.0.2")])
def test_the_health_check_asks_where_the_server_listens(host: str, there: str) -> None:
    argv = [sys.executable, *json.loads(_all("HEALTHCHECK")[0].partition("CMD ")[2])[1:]]
    family = socket.AF_INET6 if ":" in there else socket.AF_INET
    with socket.create_server((there, 0), family=family) as door:
        environment = {**os.environ, "HOST": host, "PORT": str(door.getsockname()[1])}
        asking = subprocess.Popen(argv, env=environment)
        door.settimeout(20)
        line, _ = door.accept()
        assert line.recv(4096).startswith(b"GET /healthz ")
        line.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        line.close()
        assert asking.wait(20) == 0
    assert subprocess.run(argv, env=environment, capture_output=True, check=False).returncode == 1


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
    assert "http://" not in DOCKERFILE.read_text().replace("urlopen('http://'", "")
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


def test_the_databases_are_reached_from_inside_alone_and_waited_for() -> None:
    services = _services()
    for name in ("database", "standby", "valkey"):
        assert "ports" not in services[name]
        assert services[name]["networks"] == ["inside"]
    for name in ("database", "standby"):
        assert services[name]["healthcheck"]["test"]
        assert services["server-a"]["depends_on"][name]["condition"] == "service_healthy"
    environment = services["server-a"]["environment"]
    assert re.search(r"@database/\w+$", environment["DATABASE_URL"])
    assert re.search(r"@standby,database/\w+$", environment["DATABASE_READ_URL"])


def test_readers_reach_the_cache_alone_and_on_this_machine_alone_unless_told() -> None:
    services = _services()
    assert services["cache"]["ports"] == ["${TILESERVER_PUBLISH:-127.0.0.1:8000}:8080"]
    open_to_others = {name for name, service in services.items() if "ports" in service} - {"grafana"}
    assert open_to_others == {"cache"}


def test_the_two_servers_are_alike_and_the_cache_asks_both_and_is_believed() -> None:
    services = _services()
    first, second = services["server-a"], services["server-b"]
    differing = {name for name in {*first, *second} if first.get(name) != second.get(name)}
    assert differing == {"command", "networks"}
    text = (COMPOSE.parent / "nginx/nginx.conf").read_text("utf-8")
    asked = set(re.findall(r"^ *server ([\d.]+):8000", text, re.M))
    assert asked == {each["networks"]["inside"]["ipv4_address"] for each in (first, second)}
    believed = first["environment"]["TILESERVER_TRUSTED_PROXIES"]
    assert believed == services["cache"]["networks"]["inside"]["ipv4_address"]


def test_whatever_runs_here_is_nobody_special_and_writes_into_its_volumes_alone() -> None:
    for name in ("server-a", "server-b", "watcher", "cache", "valkey"):
        service = _services()[name]
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


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
    port = _services()["server-a"]["environment"]["TILESERVER_METRICS"].rpartition(":")[2]
    asked = YAML(typ="safe").load(ALERTS.with_name("prometheus.yaml"))["scrape_configs"][0]
    assert asked["static_configs"][0]["targets"] == [f"server-a:{port}", f"server-b:{port}"]
    assert "ports" not in _services()["server-a"]


def test_every_file_that_a_service_takes_in_is_there() -> None:
    mounts = [each for service in _services().values() for each in service.get("volumes", [])]
    own = [each.split(":")[0] for each in mounts if each.startswith("./")]
    assert len(own) > 10
    assert all((COMPOSE.parent / each).exists() for each in own)


def test_only_settings_that_exist_are_set() -> None:
    known = {setting.name for setting in SETTINGS}
    assert set(_services()["server-a"]["environment"]) <= known
    assert set(_services()["watcher"]["environment"]) - known == {"TMPDIR"}
    image = {pair.split("=")[0] for line in _all("ENV") for pair in line.split()}
    assert image - known == {"PATH", "PYTHONDONTWRITEBYTECODE"}


@pytest.mark.parametrize("name", ["primary.sh", "standby.sh", "archive.sh", "backup.sh", "restore.sh"])
def test_scripts_are_mounted_where_they_are_run_and_may_be(name: str) -> None:
    file = COMPOSE.parent / "postgres" / name
    assert os.access(file, os.X_OK)
    mounts = "\n".join(each for service in _services().values() for each in service.get("volumes", []))
    assert f"./postgres/{name}:" in mounts
    assert subprocess.run(["sh", "-n", file], check=False).returncode == 0


UNITS = sorted((ROOT / "docker/systemd").iterdir())


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_to_say_about_a_unit(unit: Path, tmp_path: Path) -> None:
    assert shutil.which("systemd-analyze"), "systemd-analyze: .ci/setup services"
    for each in UNITS:  # with a program that is there: what is verified is the unit, and what it names
        text = re.sub(r"(?m)^(ExecStart=)\S+", r"\1/bin/true", each.read_text("utf-8"))
        (tmp_path / each.name).write_text(text)
    argv = ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize(
    "unit", [each for each in UNITS if each.suffix == ".service"], ids=lambda each: each.name
)
def test_a_unit_is_kept_from_what_it_does_not_need(unit: Path) -> None:
    argv = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:]


def test_the_commands_of_units_are_there() -> None:
    lines = [re.findall(r"(?m)^ExecStart=(.*)", each.read_text("utf-8")) for each in UNITS]
    said = {line for found in lines for line in found}
    assert said == {
        "/opt/tileserver/bin/tileserver serve",
        "/opt/tileserver/bin/tileserver watch run",
        "/usr/local/lib/tileserver/backup.sh",
    }
