"""All faults, one after the other, over a database of their own: a table of what became of each."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.faults import FAULTS, Fault, Outcome, suffer
from tests.chaos.test_chaos import judge
from tests.chaos.world import draw, serving
from tileserver.embedded.cluster import Cluster
from tileserver.store.connect import connect
from tileserver.store.migrations import migrate
from tileserver.web.logs import configure_logs


def main() -> None:
    """Run every fault and print the table; exit code 1 if any did not pass as it must."""
    configure_logs("json")
    logging.getLogger().setLevel(logging.CRITICAL)  # the faults are meant
    table = Table("fault", "/readyz said", "well after", "the other theatre", "the harmed one", title="Chaos")
    failed = 0
    with _cluster() as cluster:
        asyncio.run(_prepare(cluster))
        for fault in FAULTS:
            try:
                outcome = asyncio.run(_suffer(cluster, fault))
                judge(outcome)
                table.add_row(*_row(outcome))
            except (AssertionError, TimeoutError) as error:
                failed += 1
                table.add_row(fault.name, f"FAILED {type(error).__name__} {error}", "", "", "")
    Console(width=170).print(table)
    sys.exit(bool(failed))


@contextmanager
def _cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="tileserver-chaos-"))
    folder.chmod(0o755)
    cluster = Cluster.at(folder, durable=False)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.remove()
        shutil.rmtree(folder)


async def _prepare(cluster: Cluster) -> None:
    connection = await connect(cluster.dsn)
    await migrate(connection)
    await draw(connection)
    await connection.close()


async def _suffer(cluster: Cluster, fault: Fault) -> Outcome:
    async with serving(cluster.dsn, cluster) as world:
        return await suffer(world, fault)


def _row(outcome: Outcome) -> tuple[str, ...]:
    said = " | ".join(each[:150] for each in outcome.said) or "200 ok"
    counts = [f"{each.count(200)} of {len(each)}" for each in (outcome.calm, outcome.harmed)]
    return outcome.fault.name, said, f"{outcome.seconds:.1f} s", *counts


if __name__ == "__main__":
    os.environ.setdefault("TZ", "UTC")
    main()
