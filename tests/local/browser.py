"""Chromium, driven over a pipe by its own protocol: what a test needs of it and no more."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")


class Tab:
    """A tab of a browser.

    Arguments:
        commands: where commands are written, each ended by a zero byte.
        answers: where answers and events are read, each ended by a zero byte.
    """

    def __init__(self, commands: int, answers: int) -> None:
        self.complaints: list[str] = []
        self._commands = commands
        self._answers = answers
        self._rest = b""
        self._numbers = count(1)
        self._session: str | None = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for part in ("Page", "Runtime", "Log"):
            self.ask(f"{part}.enable")

    def ask(self, method: str, **params: object) -> Any:
        """Send a command and return its result; complaints of the page are kept meanwhile."""
        number = next(self._numbers)
        command: dict[str, object] = {"id": number, "method": method, "params": params}
        if self._session is not None:
            command["sessionId"] = self._session
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while (answer := self._read()).get("id") != number:
            self._listen(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, url: str) -> None:
        """Go to a page and return when it is there."""
        self.ask("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    def leave(self) -> None:
        """Go nowhere, so that the page does nothing any more."""
        self.ask("Page.navigate", url="about:blank")
        self.wait_for("location.href === 'about:blank'")

    def value(self, script: str) -> Any:
        """What a script evaluates to; promises are awaited."""
        found = self.ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait_for(self, script: str) -> None:
        """Return once a script evaluates to something true."""
        while not self.value(f"Boolean({script})"):
            time.sleep(0.02)

    def screenshot(self, path: Path) -> None:
        """Keep what is to be seen, the whole length of the page."""
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._answers, 1 << 16)
            assert more, "the browser has gone"
            self._rest += more
        answer, _, self._rest = self._rest.partition(b"\0")
        read: dict[str, Any] = json.loads(answer)
        return read

    def _listen(self, event: dict[str, Any]) -> None:
        if event.get("method") == "Log.entryAdded":
            self.complaints.append(event["params"]["entry"]["text"])
        elif event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(event["params"]["exceptionDetails"]))


def find() -> str | None:
    """The path of a Chromium on this machine."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def opened(program: str, profile: Path) -> Generator[Tab]:
    """A tab of a browser of its own, which ends with the block."""
    commands_in, commands = os.pipe()
    answers, answers_out = os.pipe()
    # The browser reads its descriptor 3 and writes its descriptor 4.
    script = f'exec "$@" 3<&{commands_in} 4>&{answers_out}'
    options = (*FLAGS, f"--user-data-dir={profile}", "--remote-debugging-pipe")
    process = subprocess.Popen(
        ["bash", "-c", script, "bash", program, *options],
        pass_fds=(commands_in, answers_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(commands_in)
    os.close(answers_out)
    try:
        yield Tab(commands, answers)
    finally:
        process.terminate()
        process.wait()
        os.close(commands)
        os.close(answers)
