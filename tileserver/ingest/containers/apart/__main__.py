"""The process that reads binary containers: requests come as lines of JSON, answers go out as messages."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

import msgspec

from tileserver.errors import HostileSource, ImportFailed
from tileserver.ingest.containers.apart import ogr, parquet, workbook
from tileserver.ingest.containers.apart.messages import (
    AnswerEnd,
    Listed,
    Record,
    Request,
    Unread,
    write_message,
)

_READERS = {
    **dict.fromkeys(ogr.DRIVERS, (ogr.list_tables, ogr.read_rows)),
    "parquet": (parquet.list_tables, parquet.read_rows),
    "xlsx": (workbook.list_tables, workbook.read_rows),
}


def main() -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # a library that prints spoils no answer
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    for line in sys.stdin.buffer:
        _answer(msgspec.json.decode(line, type=Request), answers)
        answers.flush()


def _answer(request: Request, answers: BinaryIO) -> None:
    _allow(request.seconds)
    for message in chain(_messages(request), [AnswerEnd()]):
        write_message(answers, message, request.row_bytes)


def _messages(request: Request) -> Iterator[Listed | Record | Unread]:
    """Yield the answer, and the reason where the answer breaks off."""
    try:
        yield from _read(request)
    except ImportFailed as error:
        yield Unread(str(error), isinstance(error, HostileSource))
    except MemoryError:
        yield Unread("it needs more memory than is allowed", is_hostile=True)
    except GeneratorExit:
        raise
    except Exception as error:
        yield Unread(f"it cannot be read: {str(error)[:300]}")
    except BaseException as error:  # a panic of Rust, as where there is no memory
        why = f"it needs more memory than is allowed, or is broken: {str(error)[:300]}"
        yield Unread(why, is_hostile=True)


def _read(request: Request) -> Iterator[Listed | Record]:
    list_tables, read_rows = _READERS[request.kind]
    return list_tables(request) if request.table is None else read_rows(request, request.table)


def _allow(seconds: int) -> None:
    """Allow the process so many *seconds* of processor time from now on."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    end = int(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (end, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
