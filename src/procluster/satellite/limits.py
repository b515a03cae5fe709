"""What a script may use: time, and memory as on a server, where it is 20 % of the machine's.

Source: "External resource pool": the default pool's MAX_MEMORY_PERCENT is 20.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from procluster.satellite.errors import faulty_limit

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MEMORY_VARIABLE", "TIME_VARIABLE", "Limits", "machine_memory"]

TIME_VARIABLE = "PROCLUSTER_SCRIPT_SECONDS"
MEMORY_VARIABLE = "PROCLUSTER_SCRIPT_MEMORY_PERCENT"
DEFAULT_SECONDS = 300.0
DEFAULT_PERCENT = 20.0
LEAST_MEMORY = 512 << 20
"""What Python, numpy and pandas need with some rows; a small machine gives so much all the same."""

CONTROL_GROUPS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


@dataclass(frozen=True)
class Limits:
    """Limits of one script.

    Attributes
    ----------
    time_out : float
        Seconds it may run.
    memory : int or None
        Bytes its process may use; None where the size of the machine is not known.
    """

    time_out: float = DEFAULT_SECONDS
    memory: int | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Limits:
        """Read the limits that environment variables set; the others are a server's.

        Raises
        ------
        SqlError
            39021 for a value that is no limit.

        Examples
        --------
        >>> Limits.of({"PROCLUSTER_SCRIPT_SECONDS": "60"}).time_out
        60.0
        """
        seconds = _number(environment, TIME_VARIABLE, DEFAULT_SECONDS, most=1e6)
        percent = _number(environment, MEMORY_VARIABLE, DEFAULT_PERCENT, most=100)
        machine = machine_memory()
        if machine is None:
            return cls(seconds)
        return cls(seconds, max(LEAST_MEMORY, int(machine * percent / 100)))


def machine_memory() -> int | None:
    """Bytes of memory of this machine, or of the container it is; None where nobody says."""
    try:
        found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (AttributeError, OSError, ValueError):
        return None
    for group in CONTROL_GROUPS:
        with suppress(OSError, ValueError):  # not there, or "max"
            found.append(int(group.read_text(encoding="ascii")))
    return min(found)


def _number(environment: Mapping[str, str], name: str, default: float, most: float) -> float:
    text = environment.get(name, "")
    try:
        value = float(text) if text.strip() else default
    except ValueError:
        value = 0.0
    if not 0 < value <= most:
        raise faulty_limit(name, text, most)
    return value
