"""Microsoft's ODBC driver, wherever it is: installed on the system, or in a wheel."""

from __future__ import annotations

import importlib.util
import platform
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from procluster.errors import ConnectError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["find_driver"]

INSTALLED: Final = ("ODBC Driver 18 for SQL Server", "ODBC Driver 17 for SQL Server")
WHEEL: Final = "mssql_python_odbc"
MACHINES: Final = {
    "amd64": ("x64", "x86_64"),
    "x86_64": ("x86_64", "x64"),
    "aarch64": ("arm64", "aarch64"),
    "arm64": ("arm64", "aarch64"),
}
"""What the wheel's folders call a processor, by what Python calls it."""

LIBRARIES: Final = {
    "win32": "libs/windows/{machine}/**/msodbcsql*.dll",
    "darwin": "libs/macos/{machine}/lib/libmsodbcsql*.dylib",
    "linux": "libs/linux/{system}/{machine}/lib/libmsodbcsql*.so*",
}
SYSTEMS: Final = {"alpine": "alpine", "rhel": "rhel", "fedora": "rhel", "suse": "suse"}
"""Folder for the ID or ID_LIKE of /etc/os-release; others are like Debian and Ubuntu."""


def find_driver(named: str, installed: Iterable[str]) -> str:
    """Name or path of the driver to use.

    Parameters
    ----------
    named : str
        What the target says; it is taken as it is.
    installed : iterable of str
        Names that the driver manager knows.

    Raises
    ------
    ConnectError
        No driver is there.

    Examples
    --------
    >>> find_driver("", ["SQLite3", "ODBC Driver 17 for SQL Server"])
    'ODBC Driver 17 for SQL Server'
    """
    if named:
        return named
    known = set(installed)
    found = next((name for name in INSTALLED if name in known), None) or _in_wheel()
    if found:
        return found
    raise ConnectError(
        f"ODBC driver: neither of {' and '.join(INSTALLED)} is installed. "
        'Install one from Microsoft, or pip install "procluster[server]"; '
        "or name another as the target's driver."
    )


def _in_wheel() -> str | None:
    spec = importlib.util.find_spec(WHEEL)
    places = spec.submodule_search_locations if spec else None
    if not places:
        return None
    machine = platform.machine().lower()
    pattern = LIBRARIES.get(sys.platform, LIBRARIES["linux"])
    for folder in map(Path, places):
        for name in MACHINES.get(machine, (machine,)):
            libraries = sorted(folder.glob(pattern.format(system=_system(), machine=name)))
            if libraries:
                return str(libraries[-1])
    return None


def _system() -> str:
    """Which of the wheel's builds for Linux fits this one."""
    try:
        release = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return "debian_ubuntu"
    names = re.findall(r'^ID(?:_LIKE)?="?([^"\n]*)', release, re.MULTILINE)
    words = [word for name in names for word in name.split()]
    return next((SYSTEMS[word] for word in words if word in SYSTEMS), "debian_ubuntu")
