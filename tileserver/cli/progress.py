"""How far long work has come, on standard error: a bar on a terminal, lines in a log."""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from tileserver.cli.session import err

Show: TypeAlias = Callable[[str, int, int | None], None]  # the stage, how much of it is done, of how many

_LINE_S = 10.0  # from one line to the next, and before the first: short work says nothing


@contextmanager
def progress_bar() -> Iterator[Show]:
    """Lend a function that shows how far long work has come, one stage at a time.

    On a terminal that is a bar, which is gone at the end; elsewhere a line every `_LINE_S` seconds. With
    NO_PROGRESS in the environment nothing is shown.
    """
    if "NO_PROGRESS" in os.environ:
        yield lambda stage, done, total: None
    elif err.is_terminal:
        with _Bar() as bar:
            yield bar.show
    else:
        yield _Lines().show


class _Bar(Progress):
    """The bar of one stage at a time: a stage begins with a new name, or with less done than before."""

    def __init__(self) -> None:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        super().__init__(*columns, console=err, transient=True)
        atexit.register(err.show_cursor)  # which is hidden meanwhile: a thread may end with the process
        self._stage: tuple[str, int, TaskID] | None = None

    def show(self, stage: str, done: int, total: int | None) -> None:
        """Show that *done* of *total* parts of *stage* are done."""
        if self._stage is None or self._stage[0] != stage or done < self._stage[1]:
            if self._stage is not None:
                self.remove_task(self._stage[2])
            task = self.add_task(stage, total=total)
        else:
            task = self._stage[2]
        self._stage = stage, done, task
        self.update(task, completed=done, total=total)


class _Lines:
    """A line now and then."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _LINE_S

    def show(self, stage: str, done: int, total: int | None) -> None:
        """Say that *done* of *total* parts of *stage* are done, where the last line is long ago."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _LINE_S
        many = f"{done:,} of {total:,}" if total is not None else f"{done:,}" if done else ""
        err.print(f"{stage} {many}".rstrip(), highlight=False, markup=False, soft_wrap=True)
