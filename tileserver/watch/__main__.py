"""Process that imports for the watcher, and ends as the watcher does: ``python -m tileserver.watch FOLDER``.

Whatever a file makes of it, memory, time or its end, is its own: it can be killed at any moment, the database
then takes back what it had begun. Questions come by standard input, answers go to standard output.
"""

from __future__ import annotations

import asyncio
import os
import queue
import shutil
import sys
import threading
from pathlib import Path
from typing import BinaryIO

import msgspec

from tileserver.config import read_settings
from tileserver.watch.importing import answer, emptied
from tileserver.watch.messages import Errand
from tileserver.web.logs import configure_logs

_GIVES_WAY = 10  # to servers on the same machine


def main(room: Path) -> None:
    """Answer one question after the other."""
    settings = read_settings()
    configure_logs(settings.log)
    os.nice(_GIVES_WAY)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # a library that prints is no answer
    questions: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, questions, room), daemon=True).start()
    while True:
        errand = msgspec.json.decode(questions.get(), type=Errand)
        reply = asyncio.run(answer(errand, settings.database_url, emptied(room)))
        answers.write(msgspec.json.encode(reply) + b"\n")


def _listen(stream: BinaryIO, questions: queue.SimpleQueue[bytes], room: Path) -> None:
    """Pass the questions on; where the watcher has ended, end at once, whatever is being done."""
    for line in stream:
        questions.put(line)
    shutil.rmtree(room, ignore_errors=True)  # whoever was killed could not do it
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
