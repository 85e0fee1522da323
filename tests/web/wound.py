"""An application at a moment of its clock, and what its answers tell."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.applications import Starlette

from tests.conftest import settings_for
from tests.web.wires import Line, Reply, listening
from tileserver.web.app import create_app


@dataclass
class Clock:
    """A clock that stands until it is wound up, and goes on from there."""

    at: datetime
    wound: float = field(default=0.0)

    def wind(self, at: datetime) -> None:
        """Go on from *at*."""
        self.at, self.wound = at, time.monotonic()

    def __call__(self) -> datetime:
        return self.at + timedelta(seconds=time.monotonic() - self.wound if self.wound else 0)


def serving_at(stack: ExitStack, dsn: str, clock: Clock, **changes: str) -> tuple[Starlette, Line]:
    """Return an application over *dsn* that has read its catalogue, and a line to it."""
    app = create_app(settings_for(dsn, **changes), clock)
    line = stack.enter_context(Line(stack.enter_context(listening(app))))
    ends = time.monotonic() + 20
    while line.ask("/readyz").status != 200:
        assert time.monotonic() < ends
        time.sleep(0.01)
    return app, line


def told(reply: Reply) -> tuple[int, str, str, bytes]:
    """Return status, period, address and body of *reply*."""
    return reply.status, reply.header("ogcapi-datetime"), reply.header("content-location"), reply.body
