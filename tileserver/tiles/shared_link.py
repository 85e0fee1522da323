"""The connection to a shared Valkey or Redis, alone or a cluster, asked only while the server answers.

A server that fails three times, with fewer than thirty answers between, is not asked any more, so no reader
waits for it. A probe in the background asks it again, at first after a quarter of a second and at last every
five, and once it answers in time readers use it again. What a failure costs readers is therefore bounded:
`ANSWER_S` for each of the questions that were under way, and nothing for those that follow.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import structlog
from redis import exceptions
from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig

log = structlog.get_logger()

ANSWER_S = 0.1  # for a question of a reader; a local server takes 0.2 ms
_CONNECT_S = 1.0
_TOLERATED = 3.0  # failures
_FORGIVEN = 0.1  # of a failure, for each answer
_PROBES_S = (0.25, 5.0)  # the first and the longest pause between two probes
_WELL_S = 30.0  # of good answers, after which the pauses are short again
_FULL_S = 5.0  # for which a full server is not written to
_CONNECTIONS = 32

_SCHEMES = {
    "redis": "redis",
    "rediss": "rediss",
    "valkey": "redis",
    "valkeys": "rediss",
    "unix": "unix",
}  # as operators write them, and as the client does

Client: TypeAlias = "Redis | RedisCluster"
Command: TypeAlias = tuple[str | bytes | int, ...]
Nodes: TypeAlias = tuple[tuple[str, int], ...]

_FAILURES = (exceptions.RedisError, exceptions.RedisClusterException, OSError, TimeoutError)

# What another question would not change. A server that takes no writes is left at once: the next connection
# may lead to the new primary, after a failover.
_LASTING = (exceptions.AuthenticationError, exceptions.NoPermissionError, exceptions.ReadOnlyError)

# Fixed words, as /readyz says them: a message of the client would have addresses in it.
_REASONS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((exceptions.AuthenticationError,), "it refuses the password"),
    ((exceptions.AuthorizationError, exceptions.NoPermissionError), "it forbids a command that is needed"),
    ((exceptions.OutOfMemoryError,), "it is full"),
    ((exceptions.ReadOnlyError,), "it takes no writes"),
    ((exceptions.BusyLoadingError,), "it is loading its data"),
    ((exceptions.ClusterError, exceptions.RedisClusterException), "its cluster is not complete"),
    ((exceptions.ClusterDownError, exceptions.MasterDownError), "its cluster is not complete"),
    ((exceptions.TimeoutError, TimeoutError), "it does not answer in time"),
    ((exceptions.ConnectionError, OSError), "it cannot be reached"),
    ((ValueError, TypeError), "its address cannot be used"),  # an option of the URL that there is not
)


_TRIALS = (("SET", 1, "PX", 1000), ("GETRANGE", 0, 0))


@dataclass(slots=True)
class LinkCounts:
    """Questions asked, questions failed, and seconds waited for answers."""

    asked: int = 0
    failed: int = 0
    seconds: float = 0.0


class SharedLink:
    """Commands to the server at *url*, whose password is never said anywhere."""

    def __init__(self, url: str) -> None:
        self.trouble = ""  # why the server is not asked, or not written to; nothing if all is well
        self.counts = LinkCounts()
        scheme, _, rest = url.partition("://")
        self._url = f"{_SCHEMES[scheme]}://{rest}"
        self._client: Client | None = None
        self._connecting: Client | None = None
        self._nodes: Nodes = ()  # of a cluster, as known last
        self._failures = self._full_until = self._well_since = 0.0
        self._pause_s = _PROBES_S[0]
        self._probing: asyncio.Task[None] | None = None
        self._slots = asyncio.Semaphore(_CONNECTIONS)

    @property
    def is_open(self) -> bool:
        """Whether the server is asked now."""
        return self._client is not None and self._failures < _TOLERATED

    @property
    def is_full(self) -> bool:
        """Whether the server has said lately that there is no room."""
        return time.monotonic() < self._full_until

    async def ask(self, commands: Sequence[Command], within_s: float = ANSWER_S) -> list[Any] | None:
        """Return the server's answer to each of *commands*, an error where one failed by itself.

        ``None`` where the server is not asked or does not answer *within_s* seconds.
        """
        if not self.is_open and not await self._is_first_probed():
            return None
        assert self._client is not None
        begun = time.monotonic()
        self.counts.asked += 1
        try:
            async with asyncio.timeout(within_s), self._slots:
                answers = await _sent(self._client, commands)
        except _FAILURES as error:
            self._fail(error)
            return None
        finally:
            self.counts.seconds += time.monotonic() - begun
        return self._judged(answers)

    async def close(self) -> None:
        """Close every connection; the link is of no use any more."""
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.wait([self._probing])
        await self._drop()

    def _judged(self, answers: list[Any]) -> list[Any] | None:
        errors = [each for each in answers if isinstance(each, BaseException)]
        if any(isinstance(each, exceptions.OutOfMemoryError) for each in errors):
            self._full_until = time.monotonic() + _FULL_S
            self._say(_reason(exceptions.OutOfMemoryError()))
        for error in errors:
            # A value of another type is not the server's fault, and is written over.
            if not isinstance(error, exceptions.OutOfMemoryError) and not str(error).startswith("WRONGTYPE"):
                self._fail(error)
                return None
        self._failures = max(0.0, self._failures - _FORGIVEN)
        if self.trouble and not self.is_full:
            self._say("")
        return answers

    def _fail(self, error: BaseException) -> None:
        error = _own(error)
        self.counts.failed += 1
        self._failures += 1
        if self._failures >= _TOLERATED or isinstance(error, _LASTING):
            self._failures = _TOLERATED
            self._say(_reason(error))
            self._probe()

    def _say(self, trouble: str) -> None:
        if trouble and trouble != self.trouble:
            log.warning("the shared tier is not used", reason=trouble)
        elif self.trouble and not trouble:
            log.info("the shared tier is used again")
        self.trouble = trouble

    async def _is_first_probed(self) -> bool:
        """Wait for the first connection, for as long as for an answer."""
        if self._probing is None:
            self._probe()
        if self._client is None and not self.trouble and self._probing is not None:
            await asyncio.wait([self._probing], timeout=ANSWER_S)
        return self.is_open

    def _probe(self) -> None:
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._reconnect())

    async def _reconnect(self) -> None:
        """Connect anew until the server answers in time, with longer and longer pauses between."""
        if time.monotonic() - self._well_since > _WELL_S:
            self._pause_s = _PROBES_S[0]
        while True:
            await self._drop()
            try:
                async with asyncio.timeout(_CONNECT_S):
                    self._connecting = await _connected(self._url, self._nodes)
                async with asyncio.timeout(2 * ANSWER_S):
                    await _try_out(self._connecting)
            except (*_FAILURES, ValueError, TypeError) as error:
                self._say(_reason(error))
                await asyncio.sleep(self._pause_s)
                self._pause_s = min(2 * self._pause_s, _PROBES_S[1])
            else:
                self._client, self._connecting = self._connecting, None
                self._failures, self._well_since = 0.0, time.monotonic()
                self._say("")
                return

    async def _drop(self) -> None:
        if isinstance(self._client, RedisCluster):
            known = tuple((str(node.host), int(node.port)) for node in self._client.get_nodes())
            self._nodes = known or self._nodes
        clients, self._client, self._connecting = (self._client, self._connecting), None, None
        for client in clients:
            if client is not None:
                with suppress(*_FAILURES):
                    await client.aclose()


async def _connected(url: str, nodes: Nodes) -> Client:
    """Return a client of the server at *url*, or of its cluster, whose *nodes* may be known from before."""
    # Nothing is tried twice: readers have waited long enough, and the link tries again by itself.
    options: dict[str, Any] = {
        "retry": Retry(NoBackoff(), 0),
        "socket_connect_timeout": _CONNECT_S,
        "socket_timeout": _CONNECT_S,
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        "max_connections": _CONNECTIONS,
    }
    if not nodes:
        alone = Redis.from_pool(BlockingConnectionPool.from_url(url, timeout=_CONNECT_S, **options))
        if not await _is_clustered(alone):
            return alone
        await alone.aclose()
    startup = [ClusterNode(host, port) for host, port in nodes]
    cluster = RedisCluster.from_url(url, startup_nodes=startup, **options)
    await cluster.initialize()
    return cluster


async def _is_clustered(client: Redis) -> bool:
    try:
        said = await client.info("cluster")
    except exceptions.ResponseError:  # a role that may not ask; without a cluster nothing else is needed
        return False
    return bool(said.get("cluster_enabled"))


async def _sent(client: Client, commands: Sequence[Command]) -> list[Any]:
    pipe = client.pipeline() if isinstance(client, RedisCluster) else client.pipeline(transaction=False)
    for command in commands:
        pipe.execute_command(*command)
    answers: list[Any] = await pipe.execute(raise_on_error=False)
    return answers


async def _try_out(client: Client) -> None:
    """Read and write, on any node there is, as readers will; raise the first error."""
    keys = [f"tileserver:probe:{number}" for number in range(16)]
    for answer in await _sent(client, [(verb, key, *rest) for key in keys for verb, *rest in _TRIALS]):
        if isinstance(answer, Exception) and not isinstance(answer, exceptions.OutOfMemoryError):
            raise answer


def _own(error: BaseException) -> BaseException:
    """Return the server's own error, which the client wraps where the handshake failed."""
    return error.__cause__ if isinstance(error.__cause__, exceptions.RedisError) else error


def _reason(error: BaseException) -> str:
    own = _own(error)
    return next((said for kinds, said in _REASONS if isinstance(own, kinds)), "it answers with an error")
