"""The images' scripts, run in bash with stand-ins for the server's programs."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DOCKER", "Shell"]

DOCKER = Path(__file__).parents[2] / "docker"


@dataclass(frozen=True)
class Shell:
    """Runs a script of the images; programs it calls are stand-ins that log their arguments.

    Attributes
    ----------
    bin : Path
        Folder of the stand-ins, first in PATH.
    log : Path
        One line for each call of a stand-in.
    """

    bin: Path
    log: Path

    def stand_in(self, name: str, body: str = "") -> Path:
        """Put a program in place that logs its call and then does `body`."""
        file = self.bin / name
        file.write_text(f'#!/bin/bash\necho "{name} $*" >>"{self.log}"\n{body}\n', encoding="utf-8")
        file.chmod(0o755)
        return file

    def run(
        self, script: str, *arguments: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a script with nothing in its environment but what is given."""
        path = f"{self.bin}{os.pathsep}/usr/bin{os.pathsep}/bin"
        return subprocess.run(
            ["bash", str(DOCKER / script), *arguments],
            env={"PATH": path, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def calls(self) -> list[str]:
        """What the stand-ins were called with, in order."""
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
