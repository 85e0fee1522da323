"""A machine's clock that a trial sets: around the server alone, which is the same that everybody runs."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_suffix(".c")


class MachineClock:
    """The clock of the programs that are started with `environment`; true until it is set.

    The library lies before the C library's own, so there is no line for trials in the server. Without a
    compiler there is none, and `set_forward` raises `OSError`.
    """

    def __init__(self, folder: Path) -> None:
        self._file, library = folder / "clock", folder / "clock.so"
        self._file.write_bytes(struct.pack("l", 0))
        self.environment: dict[str, str] = {}
        if (compiler := shutil.which("cc")) is not None:
            subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, _SOURCE], check=True)
            self.environment = {"LD_PRELOAD": str(library), "TRIAL_CLOCK": str(self._file)}

    def set_forward(self, seconds: int) -> None:
        """Set the clock *seconds* ahead of the true time, or behind it where negative."""
        if not self.environment:
            raise OSError("no C compiler: install gcc")
        with self._file.open("r+b") as stream:
            stream.write(struct.pack("l", seconds))
