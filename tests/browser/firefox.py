"""Debian's own Firefox, driven by WebDriver BiDi (w3.org/TR/webdriver-bidi), which needs no driver beside it.

Firefox draws WebGL by Mesa's software renderer on a screen of Xvfb's; without a screen there is no WebGL.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

_PREFERENCES = {
    "webgl.force-enabled": True,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.auto": False,
    "toolkit.telemetry.enabled": False,
    "browser.startup.homepage_override.mstone": "ignore",
}


class FirefoxPage:
    """One tab; `evaluate` and `goto` are called as Playwright's pages are."""

    def __init__(self, socket: ClientConnection) -> None:
        """Take over the connection *socket* to a browser."""
        self._socket, self._sent, self._context = socket, 0, ""

    async def begin(self, width: int, height: int) -> None:
        """Begin a session in the browser's tab, as large as asked for."""
        await self._ask("session.new", capabilities={})
        self._context = (await self._ask("browsingContext.getTree"))["contexts"][0]["context"]
        await self.resize(width, height)

    async def resize(self, width: int, height: int) -> None:
        """Give the page another size, in page pixels."""
        viewport = {"width": width, "height": height}
        await self._ask("browsingContext.setViewport", context=self._context, viewport=viewport)

    async def goto(self, url: str) -> None:
        """Go to *url*, and wait until all that its HTML names is there."""
        await self._ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def evaluate(self, expression: str, argument: Any = None) -> Any:
        """Return the value of *expression*; of what it returns for *argument*, where there is one."""
        asked = expression if argument is None else f"({expression})({json.dumps(argument)})"
        script = f"(async () => JSON.stringify((await ({asked})) ?? null))()"
        target = {"context": self._context}
        answer = await self._ask("script.evaluate", expression=script, target=target, awaitPromise=True)
        if answer["type"] != "success":
            raise AssertionError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    async def press(self, key: str) -> None:
        """Press one key and let it go."""
        keys = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        actions = [{"type": "key", "id": "keyboard", "actions": keys}]
        await self._ask("input.performActions", context=self._context, actions=actions)

    async def screenshot(self) -> bytes:
        """Return the page as PNG."""
        answer = await self._ask("browsingContext.captureScreenshot", context=self._context)
        return base64.b64decode(answer["data"])

    async def _ask(self, method: str, **params: Any) -> Any:
        self._sent += 1
        await self._socket.send(json.dumps({"id": self._sent, "method": method, "params": params}))
        while True:
            answer = json.loads(await asyncio.wait_for(self._socket.recv(), 60))
            if answer.get("id") == self._sent:
                break
        if answer["type"] == "error":
            raise AssertionError(f"{method}: {answer['error']}: {answer['message']}")
        return answer["result"]


@asynccontextmanager
async def firefox(folder: Path, width: int, height: int) -> AsyncIterator[FirefoxPage]:
    """Start Firefox with a fresh profile in *folder*, and end it with all that belongs to it."""
    program = os.environ.get("FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox")
    if not program or not shutil.which("xvfb-run"):
        raise AssertionError("install Firefox and Xvfb, or say where Firefox is: FIREFOX=/path/to/firefox")
    preferences = (f'user_pref("{name}", {json.dumps(value)});\n' for name, value in _PREFERENCES.items())
    (folder / "user.js").write_text("".join(preferences))
    command = ["xvfb-run", "-a", program, "--no-remote", "--profile", str(folder)]
    started = await asyncio.create_subprocess_exec(
        *command,
        "--remote-debugging-port=0",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "HOME": str(folder), "LIBGL_ALWAYS_SOFTWARE": "1"},
        start_new_session=True,
    )
    assert started.stderr
    try:
        said = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")
        async with asyncio.timeout(60):
            while not (found := said.search(line := await started.stderr.readline())):
                assert line, "Firefox ended at its start"
        async with connect(f"{found[1].decode()}/session", max_size=None) as socket:
            page = FirefoxPage(socket)
            await page.begin(width, height)
            yield page
    finally:
        os.killpg(started.pid, 15)
        await started.wait()
