"""One Python process that runs scripts: starting it, talking with it, ending it.

Two threads keep the caller from ever hanging: one waits for the process to end, the other talks
with it. The caller waits for whichever comes first, or for the time-out.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from procluster.satellite import child
from procluster.satellite.child.wire import Header, receive, send

__all__ = ["Message", "ProcessLost", "RuntimeProcess"]

Message = tuple[Header, list[pa.Table]]

INHERITED = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
    "WINDIR",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "BLIS_NUM_THREADS",
)
"""Environment variables that Python and numpy need; nothing else of ours is a script's business."""

BLAS_THREADS = "4"
"""At most, unless the environment says otherwise: OpenBLAS takes 41 MB of the memory limit for
each, by default one for each core, and scipy brings an OpenBLAS of its own."""

# Loads the package from its folder, without making the folder's neighbours importable.
BOOT = """\
import importlib, importlib.util, sys
if sys.version_info < (3, 10):
    sys.exit("it is Python " + sys.version.split()[0])
_, init, settings = sys.argv
spec = importlib.util.spec_from_file_location("satellite_child", init)
package = importlib.util.module_from_spec(spec)
sys.modules["satellite_child"] = package
importlib.import_module("satellite_child.host").main(settings)
"""

GRACE = 0.2
"""Seconds a last message may take that was on its way when the process ended."""


class ProcessLost(Exception):  # noqa: N818 - what happened, for the caller to name
    """The process ended, or broke off the conversation: ``status`` is None then.

    ``begun`` tells whether it had begun with what was asked of it.
    """

    def __init__(self, status: int | None, *, begun: bool) -> None:
        super().__init__(status, begun)
        self.status = status
        self.begun = begun


class RuntimeProcess:
    """A process under ``python``, in a directory of its own that goes with it.

    Parameters
    ----------
    warns : bool
        Whether a script is told where the memory limit is not enforced.

    Raises
    ------
    OSError
        The interpreter cannot be started.

    Attributes
    ----------
    ended : Future
        The exit status, negative for a signal, once the process has ended.
    """

    def __init__(
        self, python: str, memory_limit: int | None, time_out: float, *, warns: bool = False
    ) -> None:
        self._directory = tempfile.TemporaryDirectory(
            prefix="procluster-", ignore_cleanup_errors=True
        )
        self._startup_file = Path(self._directory.name, "startup.txt")
        self._talk: Future[Message] | None = None
        self.ended: Future[int] = Future()
        settings = {
            "directory": self._directory.name,
            "home": os.path.expanduser("~"),  # noqa: PTH111  Path.home() fails without one
            "memory_limit": memory_limit,
            "time_out": time_out,
            "warns": warns,
        }
        try:
            with self._startup_file.open("wb") as output:
                self._process = _start(python, settings, output)
        except BaseException:
            self._directory.cleanup()
            raise
        threading.Thread(target=_watch, args=(self._process, self.ended), daemon=True).start()

    def exchange(self, request: Message | None, time_out: float) -> Message:
        """Send a request, if any, and wait for the next reply.

        Raises
        ------
        ProcessLost
            No reply will come.
        TimeoutError
            None came in time. The process is gone in both cases.
        """
        talk: Future[Message] = Future()
        self._talk = talk
        begun = threading.Event()
        arguments = (self._process, request, begun, talk)
        threading.Thread(target=_talk, args=arguments, daemon=True).start()
        try:
            futures: tuple[Future[Any], ...] = (talk, self.ended)
            in_time = wait(futures, time_out, FIRST_COMPLETED).done
        except BaseException:
            self.kill()
            raise
        if not in_time:
            self.kill()
            raise TimeoutError
        wait((talk,), GRACE)
        if talk.done() and talk.exception() is None:
            return talk.result()
        wait((self.ended,), GRACE)
        status = self.ended.result() if self.ended.done() else None
        self.kill()
        raise ProcessLost(status, begun=begun.is_set())

    def last_words(self) -> str:
        """Read the last line a process wrote that never became ready."""
        text = ""
        with contextlib.suppress(
            FileNotFoundError
        ):  # a process that ends takes its directory along
            text = self._startup_file.read_text(encoding="utf-8", errors="replace")
        return text.strip().rpartition("\n")[2] or "it ended without a word"

    def kill(self) -> None:
        """End the process with all it started. Harmless when it has ended."""
        if not self.ended.done():
            _kill_group(self._process)
        wait((self.ended,), 1.0)

    def close(self) -> None:
        """End the process and remove what it left."""
        self.kill()
        if self._talk is None:
            self._close_pipes()
        else:  # it may read until the last child has ended that holds the other end
            self._talk.add_done_callback(self._close_pipes)
        self._directory.cleanup()

    def _close_pipes(self, _: object = None) -> None:
        for pipe in filter(None, (self._process.stdin, self._process.stdout)):
            with contextlib.suppress(OSError):
                pipe.close()


def _start(python: str, settings: Header, output: IO[bytes]) -> subprocess.Popen[bytes]:
    directory = str(settings["directory"])
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    environment.update(dict.fromkeys(("TMPDIR", "TMP", "TEMP", "MPLCONFIGDIR"), directory))
    if not environment.keys() & {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}:
        environment["OPENBLAS_NUM_THREADS"] = BLAS_THREADS
    environment.update(HOME=os.devnull, MPLBACKEND="Agg")  # no home to write to, no display
    options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return subprocess.Popen(  # noqa: S603 - our own program, no shell
        [python, "-I", "-c", BOOT, str(Path(child.__file__)), json.dumps(settings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=output,
        cwd=directory,
        env=environment,
        **options,
    )


def _watch(process: subprocess.Popen[bytes], ended: Future[int]) -> None:
    """Wait for the end of a process, and end what it leaves behind."""
    status = process.wait()
    _kill_group(process)
    ended.set_result(status)


def _talk(
    process: subprocess.Popen[bytes],
    request: Message | None,
    begun: threading.Event,
    talk: Future[Message],
) -> None:
    call = None
    try:
        if process.stdin is None or process.stdout is None:
            raise EOFError  # noqa: TRY301 - as if the pipe had ended
        if request is not None:
            header, tables = request
            call = secrets.token_hex(8)
            send(process.stdin, {**header, "call": call}, tables)
            receive(process.stdout, call)
            begun.set()
        talk.set_result(receive(process.stdout, call))
    except Exception as error:
        talk.set_exception(error)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
