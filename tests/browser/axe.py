"""Whether a page keeps anybody out, as axe-core finds it."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.browser.conftest import Reader
from tests.conftest import ROOT

_SCRIPT = ROOT / "tileserver" / "web" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """within => axe.run(within || document, within ? {iframes: false} : {}).then(({violations}) =>
    violations.flatMap(({id, nodes}) =>
        nodes.map(({html, failureSummary}) => [id, html.slice(0, 120), failureSummary])))"""


async def axe(reader: Reader, within: str = "") -> list[Any]:
    """What axe finds wrong with the page, every rule of it: rule, element, why.

    With all frames; or *within* what a selector finds, and not within its frames.
    """
    await reader.page.evaluate(await asyncio.to_thread(_SCRIPT.read_text, "utf-8"))
    found: list[Any] = await reader.page.evaluate(_RUN, within)
    return found
