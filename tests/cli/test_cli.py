"""Law: every command says what it did, exits with the code of its error, and never with a traceback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
import typer.main

from tests.cli.conftest import Done, Run, snapshot
from tileserver import __version__
from tileserver.cli.main import app
from tileserver.errors import BadParameter
from tileserver.store.migrations import shipped_migrations
from tileserver.theatres import load_theatre
from tileserver.tiles.text import decode_tile, dump_tile

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db

ADDRESS, DAY = "8/154/88", "2023-11-09"


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with the words that call it."""
    command = group or typer.main.get_command(app)
    yield path, command
    for name, each in getattr(command, "commands", {}).items():
        yield from commands(each, (*path, name))


@pytest.mark.parametrize(
    ("path", "command"),
    list(commands()),
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_every_command_explains_itself(run: Run, path: tuple[str, ...], command: click.Command) -> None:
    for option in ("--help", "-h"):
        done = run(*path, option)
        assert (done.code, done.err) == (0, "")
        assert "Usage: " in done.out
        assert command.help
        assert command.help.split()[0] in done.out


SAYING_WHY = [
    (path, each)
    for path, command in commands()
    for each in command.params
    if each.name in ("reason", "accept")
]


@pytest.mark.parametrize(
    ("path", "option"),
    SAYING_WHY,
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value.name,
)
def test_no_command_keeps_a_reason_longer_than_anybody_reads(path: tuple[str, ...], option: Any) -> None:
    with click.Context(click.Command("any")) as context:
        assert option.process_value(context, "r" * 1000) == "r" * 1000
        with pytest.raises(BadParameter, match="a reason has at most 1,000 characters, and this one 1,001"):
            option.process_value(context, "r" * 1001)


def test_a_remark_longer_than_anybody_reads_is_refused_before_the_database_is_asked(run: Run) -> None:
    done = run("remark", "2", "uk=" + "s" * 2001)
    assert done.code == 2
    assert (
        done.err == "Bad parameter: a remark for readers has at most 2,000 characters, and this one 2,001\n"
    )


def test_version_is_one_line(run: Run) -> None:
    assert run("--version") == Done(0, f"tileserver {__version__}\n", "")


@pytest.mark.parametrize(
    "argv",
    [
        ("migrate",),
        ("layers",),
        ("timeline", "ukraine"),
        ("area", "ukraine.control"),
        ("tile", "ukraine.control", ADDRESS),
        ("theatre", "add", "ukraine"),
        ("theatre", "list"),
        ("theatre", "show", "ukraine"),
        ("import", "ukraine.control", "."),
        ("sample",),
    ],
    ids=" ".join,
)
def test_without_its_database_a_command_exits_with_3_and_says_what_to_look_at(
    run: Run, argv: tuple[str, ...]
) -> None:
    done = run(*argv)
    assert done.code == 3
    assert "Database unavailable: no connection to the database at 127.0.0.1:1/map" in done.err
    assert "see that PostgreSQL runs there and that DATABASE_URL is right" in done.err
    assert done.out == ""
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    "argv",
    [("layers",), ("import", "ukraine.control", "."), ("tile", "ukraine", ADDRESS)],
    ids=" ".join,
)
def test_without_a_schema_a_command_exits_with_3_and_names_the_command_that_makes_one(
    run: Run, databases: Databases, argv: tuple[str, ...]
) -> None:
    done = run(*argv, dsn=databases.bare())
    assert done == Done(3, "", "Schema mismatch: the database has no schema yet; run: tileserver migrate\n")


def test_shipped_theatres_are_listed_and_shown_without_a_schema(run: Run, databases: Databases) -> None:
    dsn = databases.bare()
    listed = json.loads(run("theatre", "list", "--json", dsn=dsn).out)
    assert {(each["id"], each["state"]) for each in listed} >= {("ukraine", "shipped")}
    assert json.loads(run("theatre", "show", "ukraine", "--json", dsn=dsn).out)["id"] == "ukraine"


def test_check_names_each_fault_and_how_to_mend_it(run: Run, databases: Databases) -> None:
    done = run("check", "--json")
    assert done.code == 3
    found = {each["what"]: each for each in json.loads(done.out)}
    tiers = ["shelf", "shared cache"]
    assert list(found) == [
        "settings",
        "database",
        "schema",
        "data",
        "clock",
        "layers",
        *tiers,
        "front end",
        "basemap",
        "watched files",
        "desk",
    ]
    assert found["settings"]["ok"]
    assert not found["database"]["ok"]
    assert "127.0.0.1:1/map" in found["database"]["detail"]
    assert "DATABASE_URL" in found["database"]["detail"]
    assert "wrong" in run("check").out
    found = {each["what"]: each for each in json.loads(run("check", "--json", dsn=databases.bare()).out)}
    assert found["database"]["ok"]
    assert found["schema"]["detail"] == "the database has no schema yet; run: tileserver migrate"


def test_check_reads_what_settings_name(run: Run, sample_database: str, tmp_path: Path) -> None:
    wrong = {
        "TILESERVER_WATCH": str(tmp_path / "none.toml"),
        "TILESERVER_DESK_PEOPLE": str(tmp_path / "nobody.toml"),
        "TILESERVER_THEATRE": "ukraine-sampel",
    }
    done = run("check", "--json", dsn=sample_database, **wrong)
    found = {each["what"]: each for each in json.loads(done.out)}
    assert [name for name, each in found.items() if not each["ok"] and name != "front end"] == [
        "layers",
        "watched files",
        "desk",
    ]
    assert "did you mean 'ukraine-sample'?" in found["layers"]["detail"]
    assert (
        found["watched files"]["detail"]
        == f"{tmp_path / 'none.toml'} cannot be read: No such file or directory"
    )
    assert found["desk"]["detail"] == f"{tmp_path / 'nobody.toml'} cannot be read: No such file or directory"


def test_check_looks_whether_watched_folders_are_there(
    run: Run, sample_database: str, tmp_path: Path
) -> None:
    declared = tmp_path / "watch.toml"
    entry = '[[watch]]\nname = "evening"\nlayer = "ukraine.control"\nfiles = "maps"\n'
    declared.write_text(entry)

    def found() -> dict[str, Any]:
        done = run("check", "--json", dsn=sample_database, TILESERVER_WATCH=str(declared))
        return next(each for each in json.loads(done.out) if each["what"] == "watched files")

    assert not found()["ok"]
    assert str(tmp_path / "maps") in found()["detail"]
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "1699488000.geojson").write_text("{}")
    assert found()["detail"] == f"{declared}: evening (1 file)"


def test_check_finds_a_sound_installation_sound(run: Run, sample_database: str) -> None:
    found = {each["what"]: each for each in json.loads(run("check", "--json", dsn=sample_database).out)}
    assert [each["ok"] for each in found.values()][:6] == [True] * 6
    assert found["database"]["detail"].startswith("existing: PostgreSQL and PostGIS ")
    assert found["schema"]["detail"] == "up to date"
    assert found["front end"]["ok"] or "make setup" in found["front end"]["detail"]


@pytest.mark.parametrize("argv", [("check",), ("layers",), ("serve",), ("db", "status")], ids=" ".join)
def test_a_setting_that_cannot_be_exits_with_2_and_says_what_would_do(
    run: Run, argv: tuple[str, ...]
) -> None:
    done = run(*argv, PORT="http")
    assert done == Done(2, "", "Bad parameter: PORT is 'http'; it must be a whole number from 0 to 65535\n")


@pytest.mark.parametrize("argv", [("check",), ("layers",), ("serve",), ("db", "status")], ids=" ".join)
def test_a_data_folder_that_cannot_be_made_is_a_wrong_setting(run: Run, argv: tuple[str, ...]) -> None:
    done = run(*argv, dsn="", TILESERVER_DATA_DIR="/dev/null/x")
    wrong = "'/dev/null/x'; it must be a folder, or a path at which one can be made (Not a directory)"
    assert done == Done(2, "", f"Bad parameter: TILESERVER_DATA_DIR is {wrong}\n")


@pytest.mark.parametrize("command", ["check", "serve"])
def test_figures_at_the_port_of_the_readers_exit_with_2(run: Run, command: str) -> None:
    done = run(command, PORT="9464", TILESERVER_METRICS="0.0.0.0:9464")
    said = "Bad parameter: TILESERVER_METRICS is at port 9464, which is PORT; it must be another\n"
    assert done == Done(2, "", said)


def test_migrate_says_what_it_applied(run: Run, databases: Databases) -> None:
    dsn = databases.bare()
    applied = "".join(f"applied {each.number:04} {each.name}\n" for each in shipped_migrations())
    assert run("migrate", dsn=dsn) == Done(0, applied, "")
    assert run("migrate", dsn=dsn) == Done(0, "nothing to do\n", "")


def test_theatre_add_stores_a_definition_once(run: Run, databases: Databases) -> None:
    dsn = databases.bare()  # it migrates by itself
    names = [each.name for each in load_theatre("ukraine").layers]
    layers = f"layers {', '.join(names)}\n"
    assert run("theatre", "add", "ukraine", dsn=dsn) == Done(0, f"ukraine: stored; {layers}", "")
    assert run("theatre", "add", "ukraine", dsn=dsn) == Done(0, f"ukraine: unchanged; {layers}", "")
    listed = {each["id"]: each["state"] for each in json.loads(run("theatre", "list", "--json", dsn=dsn).out)}
    assert listed == {"ukraine": "stored", "ukraine-sample": "shipped", "western-front": "shipped"}
    assert "War in Ukraine" in run("theatre", "list", dsn=dsn).out
    shown = json.loads(run("theatre", "show", "ukraine", "--json", dsn=dsn).out)
    assert [layer["name"] for layer in shown["layers"]] == names


def test_an_unknown_theatre_exits_with_2_and_names_those_there_are(run: Run, database: str) -> None:
    done = run("theatre", "add", "atlantis", dsn=database)
    assert done.code == 2
    assert done.err.startswith("Unknown theatre: there is no theatre 'atlantis'; shipped are ukraine, ")
    done = run("import", "atlantis.control", ".", dsn=database)
    expected = "there is no theatre 'atlantis' in the database; there is none yet;"
    expected += " add one with: tileserver theatre add"
    assert done == Done(2, "", f"Unknown theatre: {expected}\n")


def test_a_definition_that_does_not_hold_together_exits_with_2(
    run: Run, database: str, tmp_path: Path
) -> None:
    broken = tmp_path / "mine.toml"
    for text in ("id = ", 'id = "mine"', "\xff"):
        broken.write_text(text, encoding="latin-1")
        done = run("theatre", "add", str(broken), dsn=database)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("Bad parameter: mine.toml")


def test_import_says_what_it_did_and_again_that_nothing_changed(
    run: Run, database: str, tmp_path: Path
) -> None:
    run("theatre", "add", "ukraine", dsn=database)
    argv = ("import", "ukraine.control", str(snapshot(tmp_path)))
    first = run(*argv, dsn=database)
    assert first.code == 0
    account = "read 1, imported 1, quarantined 0, left out 0\n"
    added = r"1 snapshot, 1 version added, 0 ended, [1-9][0-9,]* faces drawn, 0 ended"
    line = first.out.splitlines(keepends=True)[0]
    assert re.fullmatch(f"ukraine.control: revision 1; {added}; {account}", line)
    again = run(*argv, dsn=database)
    assert again.out.startswith("ukraine.control: nothing changed; 0 snapshots, 0 versions added, 0 ended,")
    machine = json.loads(run(*argv, "--json", dsn=database).out)
    assert (machine["layer"], machine["revision"]) == ("ukraine.control", None)
    assert machine["report"]["counts"] == {"name_says_nothing": 1}
    assert first.err == again.err == ""


def _write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


WRONG_FILES: dict[str, tuple[str, Callable[[Path], str]]] = {
    "a picture": ("control", lambda folder: _write(folder / "1699563600.geojson", b"\x89PNG\r\n\x1a\n\0\0")),
    "other JSON": ("control", lambda folder: _write(folder / "1699563600.geojson", b'{"type": "Topology"}')),
    "no time in its name": ("control", lambda folder: _write(folder / "map.geojson", b"{}")),
    "an empty folder": ("control", str),
    "a broken archive": ("control", lambda folder: _write(folder / "all.tar.xz", b"\xfd7zXZ\0\0\4broken")),
    "an empty archive": ("control", lambda folder: _write(folder / "all.tar", b"")),
    "a table of other columns": ("events", lambda folder: _write(folder / "e.csv", b"a,b\n1,2\n")),
    "no table at all": ("events", lambda folder: _write(folder / "e.csv", b"\0\xff\xfe" * 99)),
    "gzip that is none": ("events", lambda folder: _write(folder / "e.csv.gz", b"date_key,side\n")),
    "an empty file": ("events", lambda folder: _write(folder / "e.csv", b"")),
    "GeoJSON that is none": ("notes", lambda folder: _write(folder / "n.geojson", b"[1, 2")),
}


@pytest.mark.parametrize("wrong", WRONG_FILES)
def test_a_file_of_another_format_exits_with_1_and_leaves_nothing(
    run: Run, databases: Databases, database: str, tmp_path: Path, wrong: str
) -> None:
    run("theatre", "add", "ukraine", dsn=database)
    layer, make = WRONG_FILES[wrong]
    done = run("import", f"ukraine.{layer}", make(tmp_path), dsn=database)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("Unreadable source: ")
    assert done.err.count("\n") == 1
    revisions = databases.run(
        database, lambda connection: connection.fetchval("SELECT count(*) FROM revision")
    )
    assert revisions == 0


def test_an_archive_with_names_of_another_age_is_imported(run: Run, database: str, tmp_path: Path) -> None:
    run("theatre", "add", "ukraine", dsn=database)
    path = tmp_path / "old.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, encoding="cp1251") as tar:
        tar.add(snapshot(tmp_path), "мапа/1699563600.geojson")
        tar.add(__file__, "мапа/прочитай.txt")
    done = run("import", "ukraine.control", str(path), "--json", dsn=database)
    assert done.code == 0
    assert json.loads(done.out)["report"]["counts"]["no_snapshot"] == 1


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("import", "ukraine.control", "/no/such/file"), "does not exist"),
        (("import", "ukraine", "."), "write theatre.layer, such as ukraine.control"),
        (("import", "ukraine.control", ".", "--reader", "word"), "there is no reader 'word'"),
        (("import", "ukraine.roads", "."), "theatre ukraine has no layer 'roads'; it has control"),
        (("tile", "ukraine.control", "8/154"), "write z/x/y, such as 8/154/88"),
        (("tile", "ukraine.control", "8/154/300"), "8/154/300 is outside the tile matrix"),
        (("tile", "ukraine.control", "15/0/0"), "zoom 15 is outside ukraine.control, which has zooms 0-14"),
        (("tile", "ukraine.control", ADDRESS, "--at", "yesterday"), "'yesterday' is no instant"),
        (("tile", "ukraine.roads", ADDRESS), "has no layer 'roads'"),
        (("tile", "ukraine.control", ADDRESS, "--stage", "paint"), "paint"),
        (("tile", "ukraine.control", ADDRESS, "--revision", "0"), "--revision"),
        (("timeline", "atlantis"), "there is no theatre 'atlantis'"),
        (("area", "ukraine.notes"), "ukraine.notes is no layer of areas"),
        (("db", "start"), "DATABASE_URL names an existing database"),
        (("db", "stop"), "DATABASE_URL names an existing database"),
        (("db", "status"), "DATABASE_URL names an existing database"),
        (("db", "psql"), "DATABASE_URL names an existing database"),
        (("sample", "atlantis"), "atlantis"),
        (("fly",), "fly"),
        (("layers", "--yaml"), "--yaml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_that_cannot_be_exits_with_2_and_says_what_would_do(
    run: Run, database: str, argv: tuple[str, ...], said: str
) -> None:
    run("theatre", "add", "ukraine", dsn=database)
    done = run(*argv, dsn=database)
    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.replace("│", " ").split())


def test_layers_timeline_and_area_print_tables_and_the_same_as_json(run: Run, sample_database: str) -> None:
    listed = json.loads(run("layers", "--json", dsn=sample_database).out)
    assert {each["layer"] for each in listed} >= {"ukraine-sample.control", "western-front.events"}
    assert "western-front" in run("layers", dsn=sample_database).out
    days = json.loads(run("timeline", "western-front", "--json", dsn=sample_database).out)["days"]
    assert [each["day"] for each in days] == sorted(each["day"] for each in days)
    assert days[0]["day"] >= "1944-06-06"
    assert "1944-06-06" in run("timeline", "western-front", dsn=sample_database).out
    found = json.loads(run("area", "ukraine-sample.control", "--at", DAY, "--json", dsn=sample_database).out)
    assert found["km2"]["occupied"] > 10_000
    assert "occupied" in run("area", "ukraine-sample.control", "--at", DAY, dsn=sample_database).out


def test_every_stage_of_a_tile_can_be_printed(run: Run, sample_database: str) -> None:
    argv = ("tile", "ukraine-sample.control", ADDRESS, "--at", DAY, "--stage")

    def stage(name: str) -> str:
        return run(*argv, name, dsn=sample_database).out

    command = [sys.executable, "-m", "tileserver", *argv, "mvt"]  # bytes, which nothing may fold or decode
    environment = {**os.environ, "DATABASE_URL": sample_database}
    data = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout
    features = decode_tile(data)["control"]
    assert {each["properties"]["status"] for each in features} >= {"occupied"}
    assert stage("text") == dump_tile(data)
    version = json.loads(stage("version"))
    assert version["path"] == f"/tiles/ukraine-sample.control/{version['version']}/{ADDRESS}.mvt"
    start, end = version["validity"].split("/")
    assert start <= "2023-11-09T22:00:00Z"
    assert end == ".." or end >= "2023-11-09T22:00:00Z"
    rows = [json.loads(line) for line in stage("rows").splitlines()]
    assert sorted(row["id"] for row in rows) == sorted(each["id"] for each in features)
    assert "ST_AsMVT(" in stage("sql")


def test_text_is_the_stage_text(run: Run, sample_database: str) -> None:
    argv = ("tile", "ukraine-sample.control", ADDRESS, "--at", DAY)
    assert run(*argv, "--text", dsn=sample_database) == run(*argv, "--stage", "text", dsn=sample_database)
    empty = run("tile", "ukraine-sample.control", "8/0/0", "--at", DAY, "--text", dsn=sample_database)
    assert empty == Done(0, "empty\n", "")


def test_an_import_that_is_interrupted_ends_soon_and_keeps_nothing(
    run: Run, databases: Databases, database: str, tmp_path: Path
) -> None:
    run("theatre", "add", "ukraine", dsn=database)
    for at in range(1699563600, 1699563600 + 3000):
        snapshot(tmp_path, at)
    awake = ("env", "--default-signal=INT")  # a test run in the background hands down that it is ignored
    process = subprocess.Popen(
        [*awake, sys.executable, "-m", "tileserver", "import", "ukraine.control", str(tmp_path)],
        env={**os.environ, "DATABASE_URL": database},
        stderr=subprocess.PIPE,
        text=True,
    )
    connected = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    while databases.run(database, lambda connection: connection.fetchval(connected)) < 2:
        assert process.poll() is None
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "interrupted; nothing half-done took effect\n"
    assert (
        databases.run(database, lambda connection: connection.fetchval("SELECT count(*) FROM revision")) == 0
    )


def test_a_command_does_not_load_what_the_others_need() -> None:
    asked = "import sys; sys.argv = ['tileserver', '--version']; from tileserver.cli import main\n"
    told = "try: main()\nfinally: print(*(name for name in sys.modules if name.startswith('tileserver.')))"
    done = subprocess.run([sys.executable, "-c", asked + told], capture_output=True, text=True, check=True)
    rooms = {name.split(".")[1] for name in done.stdout.splitlines()[-1].split()}
    assert "cli" in rooms
    assert rooms & {"newsroom", "picture", "site", "export", "samples", "watch"} == set()


def test_a_backup_is_refused_before_anything_begins_where_it_cannot_be(run: Run, tmp_path: Path) -> None:
    data, wrong = str(tmp_path / "data"), tmp_path / "merrow.toml"
    wrong.write_text("name = 'merrow'")
    refused = run("db", "restore", str(wrong), dsn="", TILESERVER_DATA_DIR=data)
    assert refused.code == 2
    assert refused.err.startswith(f"Bad parameter: {wrong} is no file of tileserver db backup")
    refused = run("db", "backup", str(tmp_path / "none/kept.dump"), dsn="", TILESERVER_DATA_DIR=data)
    assert (refused.code, refused.err) == (2, f"Bad parameter: there is no folder {tmp_path}/none\n")
    assert not Path(data).exists()


def test_check_and_serve_say_which_setting_is_misspelt(run: Run) -> None:
    complaint = "TILESERVER_PORT is no setting; did you mean PORT?"
    checked = json.loads(run("check", "--json", TILESERVER_PORT="9000").out)
    assert checked[0] == {"what": "settings", "ok": False, "detail": complaint}
    assert complaint in run("serve", TILESERVER_PORT="9000", HOST="192.0.2.1").err


def test_an_import_onto_a_full_disk_changes_nothing_says_so_and_succeeds_with_room(
    run: Run, databases: Databases, database: str, tmp_path: Path
) -> None:
    run("theatre", "add", "ukraine", dsn=database)
    file, full = str(snapshot(tmp_path)), "could not extend file: No space left on device"
    fills = f"""CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{full}' USING ERRCODE = 'disk_full'; END $$;
        CREATE TRIGGER full_disk BEFORE INSERT ON face EXECUTE FUNCTION full_disk()"""
    databases.run(database, lambda connection: connection.execute(fills))
    done = run("import", "ukraine.control", file, dsn=database)
    assert done.code == 3
    assert done.err.startswith(
        "Disk full: the disk of the database has no room left, and nothing was changed;"
    )
    assert "none" in run("revisions", dsn=database).out or "1" not in run("revisions", dsn=database).out
    databases.run(database, lambda connection: connection.execute("DROP TRIGGER full_disk ON face"))
    assert "revision 1" in run("import", "ukraine.control", file, dsn=database).out


def test_a_picture_for_which_there_is_no_room_is_said_in_one_line(
    run: Run, sample_database: str, tmp_path: Path
) -> None:
    (tmp_path / "map.png").symlink_to("/dev/full")
    argv = "picture", "western-front", "--at", "1944-08-25", "--size", "card"
    done = run(*argv, "--out", str(tmp_path / "map.png"), dsn=sample_database)
    assert (done.code, done.err) == (
        3,
        "Disk full: there is no room left on the disk that is written to; make room and try again\n",
    )
