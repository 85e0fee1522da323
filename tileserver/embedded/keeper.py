"""Keeper of the embedded PostgreSQL under a server: a killed PostgreSQL is started again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from tileserver.embedded.cluster import Cluster
from tileserver.errors import ClusterUnavailable

log = structlog.get_logger()

_LOOK_S = 0.5
_LONGEST_PAUSE_S = 30.0


@contextmanager
def keeping(cluster: Cluster) -> Iterator[None]:
    """Start *cluster*, which runs for us, again whenever nobody is at its socket, from a thread of its own.

    Several servers may do so for one cluster: the first starts it, the others find it running. One that
    cannot be started is tried again, after pauses that grow to half a minute.
    """
    leaving = threading.Event()
    keeper = threading.Thread(target=_keep, args=(cluster, leaving), name="keeper", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        leaving.set()
        keeper.join()


def _keep(cluster: Cluster, leaving: threading.Event) -> None:
    pause = _LOOK_S
    while not leaving.wait(pause):
        pause = _LOOK_S if _is_up(cluster) else min(pause * 2, _LONGEST_PAUSE_S)


def _is_up(cluster: Cluster) -> bool:
    """Whether the cluster runs, if need be by our hand."""
    if not cluster.is_deserted():
        return True
    log.error("the embedded PostgreSQL has ended; starting it again", home=str(cluster.home))
    try:
        if cluster.revive():
            log.warning("the embedded PostgreSQL was started again")
    except ClusterUnavailable as error:
        log.error("the embedded PostgreSQL cannot be started", error=str(error))
        return False
    except Exception as error:  # whatever it was, to give up would help nobody
        log.error("the embedded PostgreSQL cannot be started", exc_info=error)
        return False
    return True
