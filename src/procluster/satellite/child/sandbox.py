"""What a script finds around it, as near to the server's as one process can bring it.

Best effort, not a wall against malice: the script runs with the rights of whoever runs the engine.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

__all__ = ["block_network", "captured_output", "fresh_state", "limit_memory", "protect_home"]

NETWORK_EVENTS = ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg")
NAME_EVENTS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
UNIX_FAMILY = getattr(socket, "AF_UNIX", None)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
LONGEST_OUTPUT = 1 << 20
HEADROOM = 64 << 20


def block_network() -> None:
    """Refuse connections and name look-ups from now on; sockets inside the machine go on."""

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event in NETWORK_EVENTS:
            if arguments[0].family == UNIX_FAMILY:
                return
        elif event not in NAME_EVENTS:
            return
        target = arguments[1] if event in NETWORK_EVENTS else arguments[0]
        raise PermissionError(
            f"network: {event.partition('.')[2]} of {target!r} is blocked. A script in SQL Server "
            "has no outbound network; bring the data in with @input_data_1 or a parameter."
        )

    sys.addaudithook(refuse)


def protect_home(home: str, own: str) -> None:
    """Refuse to write into the home directory from now on, but for this process's own directory."""
    home, own = (os.path.realpath(path) + os.sep for path in (home, own))

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open" or not arguments[2] & WRITING or isinstance(arguments[0], int):
            return
        path = os.path.realpath(os.fsdecode(arguments[0]))
        if path.startswith(home) and not path.startswith(own):
            raise PermissionError(
                f"home directory: {path} is not written to. A script in SQL Server has no home; "
                "write to its working directory, or return the data."
            )

    sys.addaudithook(refuse)


def limit_memory(limit: int | None) -> str | None:
    """Limit the memory of this process to so many bytes; say so where that cannot be.

    Raises
    ------
    MemoryError
        The interpreter and its libraries already take as much.
    """
    if limit is None:
        return None
    try:
        import resource  # noqa: PLC0415  POSIX only

        kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
        resource.setrlimit(kind, (limit, limit))
    except (ImportError, OSError, ValueError):
        return "memory limit: this operating system does not enforce it. The script ran without."
    if sys.platform == "linux":
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        taken = int(status.partition("VmData:")[2].split()[0]) * 1024
        if taken + HEADROOM > limit:
            raise MemoryError(
                f"memory limit: {limit >> 20} MiB, of which Python, numpy and pandas take "
                f"{taken >> 20} MiB before a script runs. Allow {(taken + HEADROOM >> 20) + 1} "
                "MiB or more"
            )
    return None


@contextlib.contextmanager
def captured_output() -> Iterator[list[str]]:
    """Collect what is printed, by Python or beneath it, into one text.

    The list is empty inside the block and holds the text after it.
    """
    texts: list[str] = []
    before = sys.stdin, sys.stdout, sys.stderr
    with tempfile.TemporaryFile() as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
        own = sys.stdin, sys.stdout, sys.stderr = _stream(0, "r"), _stream(1, "w"), _stream(2, "w")
        try:
            yield texts
        finally:
            sys.stdin, sys.stdout, sys.stderr = before
            for stream in own:
                with contextlib.suppress(ValueError, OSError):
                    stream.close()
            silence()
            file.seek(0)
            text = file.read(LONGEST_OUTPUT + 1)
            texts.append(text[:LONGEST_OUTPUT].decode("utf-8", errors="replace"))
            if len(text) > LONGEST_OUTPUT:
                texts.append("\n... the rest of the output is left out")


def _stream(descriptor: int, mode: Literal["r", "w"]) -> TextIO:
    """Open a text stream that passes every line on, so that both outputs keep their order."""
    return os.fdopen(
        descriptor, mode, encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
    )


def silence() -> None:
    """Point standard input, output and error at nothing."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    if null > 2:  # not where a script has closed one of them
        os.close(null)


@contextlib.contextmanager
def fresh_state(module: ModuleType) -> Iterator[None]:
    """Give a script a directory and a ``__main__`` of its own, and undo what it changed."""
    environment, path = dict(os.environ), list(sys.path)
    main = sys.modules["__main__"]
    own_directory = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    with own_directory as directory, warnings.catch_warnings():
        os.chdir(directory)
        sys.modules["__main__"] = module
        sys.argv = [""]
        random.seed()
        np.random.seed()
        try:
            yield
        finally:
            sys.modules["__main__"] = main
            sys.path[:] = path
            os.environ.clear()
            os.environ.update(environment)
            os.chdir(tempfile.gettempdir())
