"""The shared tier gives tiles to all machines, has each drawn once, and fails no reader."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeVar

import pytest

from tests.stores import PROGRAMS, Store, cluster, store
from tileserver.tiles import shared
from tileserver.tiles.shared import SharedTier
from tileserver.tiles.shared_link import ANSWER_S
from tileserver.tiles.version import SCHEME

Result = TypeVar("Result")
TILES = {f"7001.5/ukraine.control/5-a{n}/8/154/{n}": Random(n).randbytes(n * 37 % 3000) for n in range(60)}
NAMES = [*TILES]


def test_there_is_a_server_to_test_with() -> None:
    assert PROGRAMS, "install valkey-server or redis-server: make services"


def on(url: str, work: Callable[[SharedTier], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        tier = SharedTier(url)
        try:
            return await work(tier)
        finally:
            await tier.close()

    return asyncio.run(run())


async def written(tier: SharedTier) -> None:
    assert tier._writing is not None
    await tier._writing


async def until(holds: Callable[[], bool], tier: SharedTier, seconds: float = 12) -> float:
    """Ask until *holds*, as readers do, and return the seconds that took."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds, tier.trouble
        await tier.get_many(NAMES[:1])
        await asyncio.sleep(0.02)
    return time.monotonic() - begun


async def longest(tier: SharedTier, questions: int = 50) -> float:
    """The longest wait of so many readers, one after the other."""
    worst = 0.0
    for _ in range(questions):
        begun = time.monotonic()
        await tier.get_many(NAMES[:3])
        _, ours = await tier.claim(NAMES[:3])
        assert ours == set(NAMES[:3])
        await tier.keep_many({name: TILES[name] for name in NAMES[:3]})
        worst = max(worst, time.monotonic() - begun)
    return worst


def test_what_one_process_keeps_another_finds_and_nothing_else(empty_store: Store) -> None:
    async def keep(tier: SharedTier) -> None:
        assert await tier.get_many(NAMES) == {}
        await tier.keep_many(TILES)
        await written(tier)

    async def look(tier: SharedTier) -> dict[str, bytes]:
        return await tier.get_many([*NAMES, "7001.5/another", "9.9/ukraine.control/5-a1/8/154/1"])

    on(empty_store.url, keep)
    assert on(empty_store.url, look) == TILES
    with empty_store.client() as client:
        keys = client.keys("tileserver:[0-9]*")
        assert {key.rsplit(b":", 1)[0] for key in keys} == {f"tileserver:{SCHEME}:7001.5".encode()}
        assert all(0 < client.ttl(key) <= 7 * 86_400 for key in keys)


def test_another_database_and_another_scheme_have_other_keys(
    empty_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = NAMES[0]

    async def keep(tier: SharedTier) -> None:
        await tier.get_many([name])
        await tier.keep_many({name: b"one project"})
        await written(tier)
        assert await tier.get_many([name]) == {name: b"one project"}
        assert await tier.get_many([name.replace("7001.5/", "7001.6/")]) == {}
        monkeypatch.setattr(shared, "SCHEME", 99)
        assert await tier.get_many([name]) == {}

    on(empty_store.url, keep)


def test_garbage_of_any_kind_is_no_tile_and_is_written_over(empty_store: Store) -> None:
    names = NAMES[:6]

    async def work(tier: SharedTier) -> None:
        await tier.get_many(names)
        await tier.keep_many({name: TILES[name] for name in names})
        await written(tier)
        with empty_store.client() as client:
            keys = [shared._key(name) for name in names]
            good = client.get(keys[5])
            client.set(keys[0], b"garbage")
            client.setrange(keys[1], 3, b"!")
            client.delete(keys[2], keys[3])
            client.rpush(keys[2], "a list")
            client.set(keys[3], bytes(9_000_000))
            client.set(keys[4], good)  # a whole value under another key
        assert await tier.get_many(names) == {names[5]: TILES[names[5]]}
        assert tier.trouble == ""
        await tier.keep_many({name: TILES[name] for name in names})
        await written(tier)
        assert await tier.get_many(names) == {name: TILES[name] for name in names}

    on(empty_store.url, work)


def _drawing(tier: SharedTier, drawn: list[str], seconds: float = 0.05) -> Callable[[str], Awaitable[bytes]]:
    """A reader that goes the whole way, and counts what it draws itself."""

    async def read(name: str) -> bytes:
        found = await tier.get_many([name])
        if not found:
            found, ours = await tier.claim([name])
            if not ours and not found:
                found = await tier.wait_for([name])
        if not found:
            drawn.append(name)
            await asyncio.sleep(seconds)
            await tier.keep_many({name: TILES[name]})
            found = {name: TILES[name]}
        return found[name]

    return read


def test_a_tile_is_drawn_once_however_many_processes_ask(empty_store: Store) -> None:
    async def work() -> list[str]:
        tiers, drawn = [SharedTier(empty_store.url) for _ in range(8)], list[str]()
        for tier in tiers:
            await tier.get_many(["7001.5/warm"])
        readers = [_drawing(tier, drawn) for tier in tiers]
        for name in NAMES[:20]:
            answers = await asyncio.gather(*(read(name) for read in readers))
            assert set(answers) == {TILES[name]}
        for tier in tiers:
            await tier.close()
        return drawn

    drawn = asyncio.run(work())
    assert sorted(drawn) == sorted(NAMES[:20])


def test_where_the_one_who_draws_dies_or_fails_another_takes_over(empty_store: Store) -> None:
    async def work() -> None:
        leader, second, third = (SharedTier(empty_store.url) for _ in range(3))
        for tier in (leader, second, third):
            await tier.get_many(["7001.5/warm"])
        died, failed = NAMES[:2]
        assert (await leader.claim([died, failed]))[1] == {died, failed}
        drawn: list[str] = []
        begun = time.monotonic()
        reading = asyncio.gather(*(_drawing(tier, drawn)(failed) for tier in (second, third)))
        await asyncio.sleep(0.05)
        leader.release([failed])
        assert await reading == [TILES[failed]] * 2
        assert time.monotonic() - begun < 0.6
        assert drawn == [failed]
        begun = time.monotonic()
        assert await _drawing(second, drawn)(died) == TILES[died]  # nobody ever gives the lease up
        assert time.monotonic() - begun < shared.LEASE_S + 0.5
        for tier in (leader, second, third):
            await tier.close()

    asyncio.run(work())


def test_two_who_wait_for_each_other_do_not_wait_for_long(empty_store: Store) -> None:
    async def work() -> None:
        one, two = SharedTier(empty_store.url), SharedTier(empty_store.url)
        for tier in (one, two):
            await tier.get_many(["7001.5/warm"])
        await one.claim(NAMES[:1])
        await two.claim(NAMES[1:2])
        begun = time.monotonic()
        found = await asyncio.gather(one.wait_for(NAMES[1:2]), two.wait_for(NAMES[:1]))
        assert [*found] == [{}, {}]
        assert time.monotonic() - begun < shared.LEASE_S + 0.5
        for tier in (one, two):
            await tier.close()

    asyncio.run(work())


@pytest.mark.parametrize("fault", ["gone", "slow"])
def test_a_server_that_is_gone_or_slow_costs_a_few_readers_a_moment_and_comes_back(
    empty_store: Store, fault: str
) -> None:
    async def work(tier: SharedTier) -> None:
        await tier.get_many(NAMES)
        await tier.keep_many(TILES)
        await written(tier)
        assert tier.trouble == ""
        if fault == "gone":
            empty_store.stop()
        else:
            empty_store.pause(True)
        begun = time.monotonic()
        waits = await asyncio.gather(*(longest(tier, 10) for _ in range(20)))
        assert max(waits) < 3 * ANSWER_S + 0.3  # of those under way
        assert time.monotonic() - begun < 2
        assert tier.trouble in ("it cannot be reached", "it does not answer in time")
        assert await longest(tier, 200) < 0.05  # nobody waits any more
        if fault == "gone":
            empty_store.start()
        else:
            empty_store.pause(False)
        assert await until(lambda: not tier.trouble, tier) < 6
        assert set(await tier.get_many(NAMES)) == (set() if fault == "gone" else set(TILES))
        await tier.keep_many(TILES)
        await written(tier)
        assert await tier.get_many(NAMES) == TILES

    on(empty_store.url, work)


def test_a_server_that_is_away_at_the_start_is_found_later() -> None:
    with store(PROGRAMS[0]) as late:
        late.stop()

        async def work(tier: SharedTier) -> None:
            begun = time.monotonic()
            assert await tier.get_many(NAMES) == {}
            assert time.monotonic() - begun < 0.5
            assert tier.trouble == "it cannot be reached"
            late.start()
            await until(lambda: not tier.trouble, tier)

        on(late.url, work)


def test_a_full_server_is_read_and_not_written_to_and_says_so(empty_store: Store) -> None:
    async def work(tier: SharedTier) -> None:
        some = dict(list(TILES.items())[:30])
        await tier.get_many(NAMES)
        await tier.keep_many(some)
        await written(tier)
        with empty_store.client() as client:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", 1)
        await tier.keep_many(TILES)
        await written(tier)
        assert tier.trouble == "it is full"
        assert await tier.get_many(NAMES) == some
        assert (await tier.claim(NAMES[40:42]))[1] == set(NAMES[40:42])  # who may not lease, draws
        assert tier.asked.failed == 0
        with empty_store.client() as client:
            client.config_set("maxmemory", 0)
        tier._link._full_until = 0
        await tier.keep_many(TILES)
        await written(tier)
        assert tier.trouble == ""
        assert await tier.get_many(NAMES) == TILES

    on(empty_store.url, work)


def test_a_wrong_password_is_said_without_it_and_the_right_one_works(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def wrong(tier: SharedTier) -> None:
        assert await tier.get_many(NAMES) == {}
        assert tier.trouble == "it refuses the password"
        assert await longest(tier, 50) < 0.1

    async def right(tier: SharedTier) -> None:
        await tier.get_many(NAMES)
        await tier.keep_many(TILES)
        await written(tier)
        assert await tier.get_many(NAMES) == TILES

    with store(PROGRAMS[0], "--requirepass", "open sesame") as guarded:
        on(f"{guarded.url}?password=hunter2", wrong)
        on(guarded.url, wrong)
        on(f"{guarded.url}?password=open%20sesame", right)
    said = capsys.readouterr()
    assert "hunter2" not in said.out + said.err
    assert "it refuses the password" in said.out + said.err


def test_a_role_that_may_not_do_all_of_it_is_named() -> None:
    with store(PROGRAMS[0]) as strict:
        with strict.client() as client:
            client.execute_command("ACL", "SETUSER", "reader", "on", ">pass", "~*", "+ping", "+getrange")
            client.execute_command("ACL", "SETUSER", "default", "off")

        async def work(tier: SharedTier) -> None:
            assert await tier.get_many(NAMES) == {}
            assert tier.trouble == "it forbids a command that is needed"

        on(f"{strict.url}?username=reader&password=pass", work)


def test_a_primary_that_became_a_replica_is_left_for_the_new_one() -> None:
    """The address leads to another server, as after a failover behind a name."""
    with store(PROGRAMS[0]) as here, store(PROGRAMS[0]) as other:

        async def work(tier: SharedTier) -> None:
            await tier.get_many(NAMES)
            with here.client() as client:
                client.execute_command("REPLICAOF", "127.0.0.1", "1")
            await tier.keep_many(TILES)
            await written(tier)
            assert tier.trouble == "it takes no writes"
            here.stop()
            here.socket.unlink(missing_ok=True)
            here.socket.symlink_to(other.socket)
            await until(lambda: not tier.trouble, tier)
            await tier.keep_many(TILES)
            await written(tier)
            assert await tier.get_many(NAMES) == TILES

        on(here.url, work)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_cluster_is_recognised_and_used_whole_and_outlives_a_node(
    program: str,
) -> None:
    with cluster(program) as nodes:

        async def work(tier: SharedTier) -> None:
            assert await tier.get_many(NAMES) == {}
            assert (await tier.claim(NAMES))[1] == set(NAMES)
            await tier.keep_many(TILES)
            await written(tier)
            assert await tier.get_many(NAMES) == TILES
            for node in nodes:
                with node.client() as client:
                    assert 0 < len(client.keys("*")) < len(TILES)
            nodes[0].stop()  # the very one whose address we were given
            await until(lambda: bool(tier.trouble), tier)
            assert await longest(tier, 100) < 3 * ANSWER_S + 0.3
            nodes[0].start()
            await until(lambda: not tier.trouble, tier, 25)
            await tier.keep_many(TILES)
            await written(tier)
            assert await tier.get_many(NAMES) == TILES

        on(nodes[0].url, work)
