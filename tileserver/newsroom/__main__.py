"""Process for an errand of the desk's server, which ends with the server: ``python -m tileserver.newsroom``.

The errand comes by standard input, steps and result go to standard output, a line each. It can be killed at
any moment: the database then takes back what it had begun.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from typing import BinaryIO

import msgspec
import structlog

from tileserver.config import read_settings
from tileserver.newsroom.errand_messages import Errand, ErrandStep, Line
from tileserver.newsroom.errand_work import work
from tileserver.web.logs import configure_logs

log = structlog.get_logger()

_GIVES_WAY = 10  # to servers on the same machine
_EVERY_S = 0.2  # between two steps that are told


def main() -> None:
    """Do the errand that is asked for."""
    settings = read_settings()
    configure_logs(settings.log)
    os.nice(_GIVES_WAY)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # a library that prints is no answer
    errand = msgspec.json.decode(sys.stdin.buffer.readline(), type=Errand)
    threading.Thread(target=_end_with_it, args=(sys.stdin.buffer,), daemon=True).start()
    told_at = 0.0

    def tell(line: Line) -> None:
        answers.write(msgspec.json.encode(line) + b"\n")

    def progress(label: str, done: int, total: int | None) -> None:
        nonlocal told_at
        if not done or time.monotonic() - told_at > _EVERY_S:
            told_at = time.monotonic()
            tell(ErrandStep(label, done, total))

    try:
        tell(asyncio.run(work(errand, settings.database_url, progress)))
    except BaseException as error:
        log.error("an errand failed unforeseen", exc_info=error)
        os._exit(1)
    os._exit(0)  # not by the interpreter, which would wait for the thread that reads


def _end_with_it(stream: BinaryIO) -> None:
    """End at once, whatever is being done, where the desk's server has ended."""
    stream.read()
    os._exit(0)


if __name__ == "__main__":
    main()
