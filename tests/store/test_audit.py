"""Law: the audit log is only added to, one entry after another, and whatever else was done to it is found."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tileserver.desk import audit
from tileserver.desk.audit import exported, head_of, verify, verify_file
from tileserver.errors import BadParameter, UnreadableSource
from tileserver.store import audit as audit_store
from tileserver.store import migrations, revisions, watching
from tileserver.store.audit import START, Act, Link, append, canonical, link_hash, links
from tileserver.store.connect import connect
from tileserver.store.migrations import migrate, shipped_migrations

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db


def chain(*reasons: str) -> list[Link]:
    """A whole chain of an entry for each reason."""
    found: list[Link] = []
    previous = START
    for number, reason in enumerate(reasons, 1):
        said = canonical({"number": number, "reason": reason, "details": {"km2": 0.1}})
        found.append(Link(number, previous, previous := link_hash(previous, said), said))
    return found


def written(path: Path, entries: Sequence[Link]) -> Path:
    """A file of *entries* as an export has them."""
    path.write_text("".join(f"{canonical(audit.entry_document(each))}\n" for each in entries), "utf-8")
    return path


CHAINS = st.lists(st.text(max_size=8), min_size=2, max_size=8).map(lambda reasons: chain(*reasons))


@given(whole=CHAINS, data=st.data())
@settings(deadline=None)
def test_a_chain_with_one_entry_changed_left_out_repeated_or_swapped_is_broken_there(
    whole: list[Link], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("chain") / "log.jsonl"
    assert verify_file(written(path, whole)) == (len(whole), whole[-1].hash, "")
    at = data.draw(st.integers(0, len(whole) - 2))
    ways = {
        "changed": [*whole[:at], whole[at]._replace(said=_other(whole[at])), *whole[at + 1 :]],
        "left out": [*whole[:at], *whole[at + 1 :]],
        "repeated": [*whole[: at + 1], *whole[at:]],
        "swapped": [*whole[:at], whole[at + 1], whole[at], *whole[at + 2 :]],
    }
    way = data.draw(st.sampled_from(sorted(ways)))
    found = verify_file(written(path, ways[way]))
    first = at + 1 + (way == "repeated")
    assert found.broken.startswith(f"entry {first}: ")
    assert found.entries == first - 1


def _other(link: Link) -> str:
    said = json.loads(link.said)
    return canonical({**said, "reason": said["reason"] + "?"})


def test_a_changed_entry_with_a_hash_that_fits_breaks_the_one_after(tmp_path: Path) -> None:
    whole = chain("a", "b", "c")
    said = _other(whole[1])
    forged = whole[1]._replace(said=said, hash=link_hash(whole[1].previous, said))
    found = verify_file(written(tmp_path / "log.jsonl", [whole[0], forged, whole[2]]))
    assert found.broken.startswith("entry 3: it does not follow")


def test_a_cut_off_tail_is_whole_by_itself_and_found_by_the_remembered_head(tmp_path: Path) -> None:
    whole = chain("a", "b", "c")
    path = written(tmp_path / "log.jsonl", whole[:2])
    assert verify_file(path).broken == ""
    found = verify_file(path, whole[2].hash)
    assert found.broken.startswith("entry 3: the head that was remembered is not in the chain")
    for known in whole[:2]:
        assert verify_file(path, known.hash).broken == ""


def test_a_chain_made_anew_from_the_beginning_is_found_by_the_remembered_head(tmp_path: Path) -> None:
    anew = written(tmp_path / "log.jsonl", chain("a", "B", "c"))
    assert verify_file(anew).broken == ""
    assert verify_file(anew, chain("a", "b", "c")[1].hash).broken


def test_an_empty_log_and_lines_that_are_no_entries_are_told(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("")
    assert verify_file(path).broken == "entry 1: it is missing, and so is every other"
    for line in ("{}", "no json", '{"number": 1, "previous": "zz", "hash": ""}'):
        path.write_text(f"{line}\n")
        with pytest.raises(UnreadableSource, match="line 1, is no entry"):
            verify_file(path)


def test_a_head_is_64_hex_digits() -> None:
    assert head_of("ab" * 32) == b"\xab" * 32
    for wrong in ("", "ab", "zz" * 32):
        with pytest.raises(BadParameter, match="64 hex digits"):
            head_of(wrong)


def test_a_stranger_can_check_an_export_by_a_few_lines(database: str, databases: Databases) -> None:
    """As docs/audit.md has them."""
    databases.run(database, _say)
    previous = bytes(32)
    for line in databases.run(database, _export):
        entry = json.loads(line)
        assert entry.pop("previous") == previous.hex()
        own = entry.pop("hash")
        text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(previous + text.encode()).hexdigest() == own
        previous = bytes.fromhex(own)


async def _say(connection: asyncpg.Connection) -> None:
    for act in (
        Act(
            "import",
            "Anna Åß",
            "ukraine",
            ("control",),
            (3,),
            'why "\\\n',
            {"km2": [{"after": 12.5, "é": 1}]},
        ),
        Act("withdraw", "\udcff", reason="nul \0 here"),
    ):
        async with connection.transaction():
            await append(connection, act)


async def _export(connection: asyncpg.Connection) -> list[str]:
    return [line async for line in exported(connection)]


async def _all(connection: asyncpg.Connection) -> list[Link]:
    return [link async for link in links(connection)]


def test_a_new_database_begins_its_chain_with_an_entry_that_says_so(
    database: str, databases: Databases
) -> None:
    (first,) = databases.run(database, _all)
    said = json.loads(first.said)
    assert (said["what"], said["details"]) == ("begin", {"revisions_before": 0})
    assert databases.run(database, verify) == (1, first.hash, "")


def test_a_database_of_before_begins_its_chain_with_the_revisions_that_have_no_entry(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = databases.bare()
    all_of_them = shipped_migrations()
    before = [each for each in all_of_them if each.number < _number("audit")]
    monkeypatch.setattr(migrations, "shipped_migrations", lambda: before)
    databases.run(dsn, migrate)
    databases.run(
        dsn, lambda connection: connection.execute("INSERT INTO revision VALUES (7, now(), 'seven', '{}')")
    )
    monkeypatch.undo()
    databases.run(dsn, migrate)
    (first,) = databases.run(dsn, _all)
    assert json.loads(first.said)["details"] == {"revisions_before": 7}
    assert databases.run(dsn, verify).broken == ""


def _number(name: str) -> int:
    return next(each.number for each in shipped_migrations() if each.name == name)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET said = said",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "INSERT INTO audit_entry VALUES (9, '', '', '{}')",
        "INSERT INTO audit_entry SELECT 2, hash, sha256(hash), '{\"number\":2}' FROM audit_entry",
        "INSERT INTO audit_entry SELECT 2, hash, sha256(hash || '{}'::bytea), '{}' FROM audit_entry",
    ],
)
def test_the_owner_of_the_tables_can_only_add_what_follows(
    statement: str, database: str, databases: Databases
) -> None:
    before = databases.run(database, _all)
    with pytest.raises(asyncpg.RaiseError, match="audit log"):
        databases.run(database, lambda connection: connection.execute(statement))
    assert databases.run(database, _all) == before


def test_whoever_takes_the_triggers_away_is_found_by_the_chain(database: str, databases: Databases) -> None:
    databases.run(database, _say)
    for statement, number in (
        ("UPDATE audit_entry SET said = replace(said, 'Anna', 'Otto') WHERE number = 2", 2),
        ("UPDATE audit_entry SET number = 9 WHERE number = 2", 2),
        ("DELETE FROM audit_entry WHERE number = 1", 1),
    ):

        async def tamper(connection: asyncpg.Connection, statement: str = statement) -> audit.Walked:
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute("ALTER TABLE audit_entry DISABLE TRIGGER ALL")
            await connection.execute(statement)
            found = await verify(connection)
            await transaction.rollback()
            return found

        assert databases.run(database, tamper).broken.startswith(f"entry {number}: ")
    assert databases.run(database, verify).broken == ""


def test_an_act_that_is_taken_back_leaves_no_entry(database: str, databases: Databases) -> None:
    async def work(connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            await append(connection, Act("import", "Anna"))
            raise KeyError

    with pytest.raises(KeyError):
        databases.run(database, work)
    assert len(databases.run(database, _all)) == 1


def test_an_entry_outside_of_a_transaction_is_refused(database: str, databases: Databases) -> None:
    with pytest.raises(AssertionError, match="stand or fall together"):
        databases.run(database, lambda connection: append(connection, Act("import", "Anna")))


def test_many_writers_at_a_time_make_one_chain(database: str, databases: Databases) -> None:
    async def write(writer: int) -> None:
        connection = await connect(database)
        try:
            for number in range(12):
                try:
                    async with connection.transaction():
                        await append(connection, Act("import", f"{writer}", details={"number": number}))
                        await asyncio.sleep(random.random() / 200)
                        if number % 3 == 2:
                            raise KeyError
                except KeyError:
                    pass
        finally:
            await connection.close()

    async def all_at_once() -> None:
        await asyncio.gather(*map(write, range(5)))

    asyncio.run(all_at_once())
    entries = [json.loads(each.said) for each in databases.run(database, _all)]
    assert databases.run(database, verify)[::2] == (1 + 5 * 8, "")
    for writer in range(5):
        own = [each["details"]["number"] for each in entries if each["by"] == f"{writer}"]
        assert own == [0, 1, 3, 4, 6, 7, 9, 10]


def test_no_two_kinds_of_work_wait_for_the_same_lock() -> None:
    """The watcher holds its own as long as it runs: an import of its would wait for ever."""
    locks = [audit_store._LOCK, migrations._LOCK, revisions._LOCK, watching._LOCK]
    assert len({*locks}) == len(locks)
