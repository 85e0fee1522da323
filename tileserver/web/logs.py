"""Log lines on standard error, as JSON or as text; no query strings, no secrets."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from contextvars import ContextVar

import structlog
from structlog.typing import EventDict, Processor

request_id: ContextVar[str] = ContextVar("request_id")  # of the request that is being answered


def configure_command_logs(least: int = logging.NOTSET) -> None:
    """Send a command's own lines to standard error, without tracebacks; standard output is for its answer.

    None of a level below *least*.
    """
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(least),
        processors=[
            structlog.stdlib.add_log_level,
            _without_traceback,
            structlog.dev.ConsoleRenderer(colors=False),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _without_traceback(_logger: object, _method: str, event: EventDict) -> EventDict:
    error = event.pop("exc_info", None)
    return event if error is None else {**event, "error": type(error).__name__}


class _Lines(structlog.WriteLogger):
    """Writes lines; a line that cannot be written, on a full disk say, is lost and fails no request."""

    def msg(self, message: str) -> None:
        """Write one line."""
        with suppress(OSError, ValueError):
            super().msg(message)

    debug = info = warning = error = critical = exception = msg


def _with_request_id(_logger: object, _method: str, event: EventDict) -> EventDict:
    own_id = request_id.get("")
    return {"request_id": own_id, **event} if own_id else event


def configure_logs(form: str) -> None:
    """Write our own and uvicorn's lines in one form; ours without the detour through `logging`."""
    shared: list[Processor] = [
        _with_request_id,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Plain tracebacks: the rich ones take seconds, and print local variables with whatever is in them.
    plain_console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    last: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if form == "json" or (form == "auto" and not sys.stderr.isatty())
        else [plain_console]
    )
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: _Lines(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # the envelope logs requests, without their queries
