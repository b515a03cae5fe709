"""Runs scripts one at a time: starts the process they run in, replaces one that is lost."""

from __future__ import annotations

import os
import sys
import threading
import weakref

from procluster.satellite import errors
from procluster.satellite.call import (
    ScriptCall,
    ScriptResult,
    check_call,
    request_of,
    result_of,
)
from procluster.satellite.limits import Limits
from procluster.satellite.process import Message, ProcessLost, RuntimeProcess

__all__ = ["Satellite"]

START_TIME_OUT = 60.0


class Satellite:
    r"""Runs scripts in a process of their own, one at a time.

    Parameters
    ----------
    python : str, optional
        The interpreter, a Python >= 3.10 with numpy, pandas and pyarrow. By default this one.
    time_out : float, optional
        Seconds a script may run. By default PROCLUSTER_SCRIPT_SECONDS, or 300.
    memory_limit : int, optional
        Bytes its process may use, where the operating system enforces such a limit. By default
        the share of this machine's memory that PROCLUSTER_SCRIPT_MEMORY_PERCENT says, or 20 %,
        as on a server.

    Raises
    ------
    SqlError
        39021 for an environment variable that is no limit.

    Examples
    --------
    >>> call = ScriptCall("print(6 * 7)", "InputDataSet", "OutputDataSet", (), None, ())
    >>> with Satellite() as satellite:
    ...     satellite.run(call).printed
    '42\n'
    """

    def __init__(
        self,
        python: str | None = None,
        time_out: float | None = None,
        memory_limit: int | None = None,
    ) -> None:
        if time_out is not None and time_out <= 0:
            raise ValueError(f"time_out: {time_out} is no time. Give a number of seconds above 0.")
        if memory_limit is not None and memory_limit <= 0:
            raise ValueError(f"memory_limit: {memory_limit} is too little. Give bytes, or None.")
        limits = Limits.of(os.environ)
        self._python = python or sys.executable
        self._time_out = time_out or limits.time_out
        self._memory_limit = memory_limit or limits.memory
        self._warns = memory_limit is not None
        self._turn = threading.Lock()
        self._process: RuntimeProcess | None = None
        self._discard = weakref.finalize(self, lambda: None)
        self._running = False
        self._cancelled = False
        self._closed = False

    def __enter__(self) -> Satellite:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, call: ScriptCall) -> ScriptResult:
        """Run a script and return what it gives back.

        Raises
        ------
        SqlError
            39004 for an error in the script or a value that cannot be returned, 39012 when its
            process dies, 39017 and 39018 for types that cannot be given to it, 39019 for the
            time-out, 39021 when no process starts. The next call works again.
        """
        check_call(call)
        request = request_of(call)
        with self._turn:
            self._cancelled, self._running = False, True
            try:
                reply = self._exchange(request)
            finally:
                self._running = False
            if reply[0].get("spent"):
                self._drop_process()
        header = reply[0]
        if "error" in header:
            raise errors.script_failed(header["error"], call.script, self._memory_limit)
        if "faults" in header:
            raise errors.script_faults(header["faults"])
        return result_of(reply)

    def cancel(self) -> None:
        """Stop the script that is running, if any; its :meth:`run` raises SqlError 39004.

        May be called from any thread.
        """
        if self._running:
            self._cancelled = True
            process = self._process
            if process:
                process.kill()

    def close(self) -> None:
        """End the process; a script that is running is cancelled."""
        self._closed = True
        self.cancel()
        with self._turn:
            self._drop_process()

    def _exchange(self, request: Message) -> Message:
        """Get the reply to a request; the process that does not give one is dropped."""
        process = self._process
        waiting = process is not None and not process.ended.done()
        try:
            if process is None or not waiting:
                process = self._start()
            return process.exchange(request, self._time_out)
        except TimeoutError:
            self._drop_process()
            raise errors.timed_out(self._time_out) from None
        except ProcessLost as lost:
            self._drop_process()
            if self._cancelled:
                raise errors.cancelled() from None
            if waiting and not lost.begun:  # it died between two calls
                return self._exchange(request)
            raise errors.runtime_died(lost.status, self._memory_limit) from None
        except BaseException:
            self._drop_process()
            raise

    def _start(self) -> RuntimeProcess:
        """Start a process and wait until it is warm."""
        self._drop_process()
        if self._closed:
            raise ValueError("satellite: it is closed. Make a new one.")
        try:
            process = self._process = RuntimeProcess(
                self._python, self._memory_limit, self._time_out, warns=self._warns
            )
        except OSError as error:
            raise errors.no_runtime(self._python, f"{error.strerror}.") from None
        self._discard = weakref.finalize(self, process.close)
        if self._cancelled:
            raise ProcessLost(None, begun=False)
        try:
            process.exchange(None, START_TIME_OUT)
        except TimeoutError:
            reason = f"it was not ready after {START_TIME_OUT:g} s."
            raise errors.no_runtime(self._python, reason) from None
        except ProcessLost:
            if self._cancelled:
                raise
            raise errors.no_runtime(self._python, f"{process.last_words()}.") from None
        return process

    def _drop_process(self) -> None:
        self._process = None
        self._discard()
