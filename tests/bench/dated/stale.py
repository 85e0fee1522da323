"""A correction while readers look: for how long a cache between them and the server shows the old day.

The cache is nginx, which heeds what the answers' own headers allow and nothing else. A view is asked for over
and over, its tiles first at different moments, as by readers who came at different times; then days are
corrected. *Mixed* is how long some tiles of the view show the day as it is known now, and others as before.
"""

from __future__ import annotations

import getpass
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.client import Connection
from tests.bench.dated.arms import Arm
from tests.bench.dated.judge import difference, land_of, pieces, shown
from tests.bench.dated.oracle import Telling, Tile, Truth, tile_at
from tests.bench.dated.questions import AS_OF, Question
from tests.bench.dated.run import STATUSES, plain
from tests.bench.dated.world import LIVE, STEPS, Area
from tests.bench.servers import wait_until_answered
from tests.conftest import free_port

PAUSE_S = 0.1
PATIENCE_S = 40.0
_TILES = 4  # of a view, at most
_ZOOM = 9
_NGINX = """\
user {user};
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
  access_log off;
  keepalive_requests 1000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  proxy_cache_path {folder}/cache keys_zone=tiles:8m;
  server {{
    listen 127.0.0.1:{port};
    location = /nginx-is-up {{ return 204; }}
    location / {{
      proxy_pass http://127.0.0.1:{origin};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache tiles;
      proxy_cache_key $request_uri;
      proxy_cache_lock on;
      proxy_cache_revalidate on;
      proxy_cache_background_update on;
      add_header X-Cache $upstream_cache_status always;
    }}
  }}
}}
"""


@dataclass(slots=True)
class Staleness:
    """Readers of one server: seconds from the commit until all of a view was new, None where it never was.

    *mixed* are the seconds in which a view showed both, *from_cache* the share of answers without the server.
    """

    patience: float
    seconds: float | None = None
    mixed: float = 0.0
    asked: int = 0
    cached: int = 0

    @property
    def from_cache(self) -> float:
        """The share of answers that the cache gave by itself."""
        return self.cached / max(self.asked, 1)


@dataclass(slots=True)
class _Watched:
    """One server behind its cache: when its publication was committed, and what was seen of it so far."""

    arm: Arm
    cache: Connection
    found: Staleness
    committed: float | None = None
    looked: float = 0.0
    opened: set[Tile] = field(default_factory=set)


def measure_stale(
    arms: Sequence[Arm], truth: Truth, publish: Mapping[str, Callable[[], None]], folder: Path
) -> dict[str, Staleness]:
    """Look at a view through a cache for each server, *publish* meanwhile, and see what readers see.

    *publish* has what commits the newest publication, by the names of the servers that it concerns, split
    at commas.
    """
    if shutil.which("nginx") is None:
        return {}
    day = LIVE[len(LIVE) // 2]
    now, before = truth.told(day, truth.newest), truth.told(day, truth.newest - 1)
    tiles = _view(truth, now, before)
    with ExitStack() as running:
        watched = {
            arm.name: _Watched(
                arm,
                Connection(running.enter_context(cache_in_front(arm, folder / f"nginx-{place}"))),
                Staleness(PATIENCE_S),
            )
            for place, arm in enumerate(arms)
        }
        for tile in tiles:  # one after the other, so that they do not grow old together
            for each in watched.values():
                each.opened.add(tile)
            _look_all(watched, truth, day, now, before, time.monotonic() + 1.2)
        committing = threading.Thread(target=_commit, args=(publish, watched))
        committing.start()
        _look_all(watched, truth, day, now, before, None)
        committing.join()
        for each in watched.values():
            each.cache.close()
    return {name: each.found for name, each in watched.items()}


def _commit(publish: Mapping[str, Callable[[], None]], watched: Mapping[str, _Watched]) -> None:
    for names, act in publish.items():
        act()
        for name in names.split(","):
            watched[name].committed = time.monotonic()


def _look_all(
    watched: Mapping[str, _Watched], truth: Truth, day: int, now: Telling, before: Telling, end: float | None
) -> None:
    """Look at every view in turn, to the moment *end* of the steady clock, or until all have settled."""
    for each in watched.values():
        each.looked = time.monotonic()
    while end is None or time.monotonic() < end:
        for each in watched.values():
            if each.found.seconds is None:
                _look(each, truth, day, now, before)
        if end is None and all(_over(each) for each in watched.values()):
            return
        time.sleep(PAUSE_S)


def _over(each: _Watched) -> bool:
    if each.found.seconds is not None:
        return True
    return each.committed is not None and time.monotonic() - each.committed > each.found.patience


def _look(each: _Watched, truth: Truth, day: int, now: Telling, before: Telling) -> None:
    seen = []
    asked = [Question(AS_OF, tile, day, day) for tile in sorted(each.opened)]
    for question, asks in zip(asked, each.arm.asks_of_view(asked, each.cache), strict=True):
        for ask in asks:
            reply = each.cache.get(ask.path, expected=STATUSES)
            each.found.asked += 1
            each.found.cached += reply.header("x-cache") in ("HIT", "UPDATING", "STALE", "REVALIDATED")
            if reply.status not in (200, 204):
                seen.append(f"status {reply.status}")
                continue
            drawn = land_of(pieces(plain(reply), ask.layer))
            seen.append(shown(truth, question.tile, drawn, now, before))
    at = time.monotonic()
    if len({*seen}) > 1:
        each.found.mixed += at - each.looked  # also where one of them failed
    each.looked = at
    if {*seen} == {"asked"} and each.committed is not None:
        each.found.seconds = max(at - each.committed, 0.0)


def _view(truth: Truth, now: Telling, before: Telling) -> list[Tile]:
    """Return neighbouring tiles in which the correction is seen."""
    old = {each.polygon.wkb for each in _areas(truth, before)}
    moved = [each for each in _areas(truth, now) if each.polygon.wkb not in old]
    corners = [xy for each in moved for xy in each.polygon.exterior.coords[: STEPS + 1]]
    tiles = {tile_at(lon, lat, _ZOOM) for lon, lat in corners}
    return [tile for tile in sorted(tiles) if difference(truth, tile, now, before) is not None][:_TILES]


def _areas(truth: Truth, told: Telling) -> tuple[Area, ...]:
    return truth.areas(told[1], told[0])


@contextmanager
def cache_in_front(arm: Arm, folder: Path) -> Iterator[int]:
    """Run nginx in front of *arm*; yields its port."""
    folder.mkdir()
    port, config = free_port(), folder / "nginx.conf"
    user = getpass.getuser()  # as which it may write here; else nginx takes one that may not
    config.write_text(_NGINX.format(folder=folder, port=port, origin=arm.port, user=user))
    with (folder / "start.log").open("wb") as log:
        process = subprocess.Popen(["nginx", "-c", str(config), "-p", str(folder)], stdout=log, stderr=log)
        try:
            wait_until_answered(process, f"http://127.0.0.1:{port}/nginx-is-up", folder / "start.log")
            yield port
        finally:
            process.terminate()
            process.wait(10)
