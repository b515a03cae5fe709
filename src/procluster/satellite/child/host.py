"""The process: takes one script after the other until the engine is gone."""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import shutil
import signal
import sys
import threading
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING

from .sandbox import block_network, limit_memory, protect_home, silence
from .script import ABSENT, run
from .wire import OUT_OF_MEMORY, Header, receive, send

if TYPE_CHECKING:
    import pyarrow as pa

    Inbox = SimpleQueue[tuple[Header, list[pa.Table]]]

__all__ = ["main"]

BACKSTOP = 5.0
LONGEST_WAIT = 1e6


def main(settings: str) -> None:
    """Serve scripts until the engine is gone.

    Requests come in on standard input and replies go out on standard output, which are moved out
    of the scripts' reach first. One message says that the process is warm; then two answer each
    request: that its script begins, and what came of it.

    Parameters
    ----------
    settings : str
        JSON: ``directory`` of this process, ``home`` of the user's, ``memory_limit`` in bytes or
        null, ``time_out`` in seconds, ``warns`` of a limit that is not enforced.
    """
    options = json.loads(settings)
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    warning = limit_memory(options["memory_limit"])
    block_network()
    protect_home(options["home"], options["directory"])
    for package in ABSENT:
        sys.modules[package] = None  # type: ignore[assignment]
    silence()
    gc.freeze()
    inbox: Inbox = SimpleQueue()
    threading.Thread(target=_listen, args=(requests, inbox, options), daemon=True).start()
    send(replies, {}, [])
    # Where native code keeps _listen() from running, the engine's end would go unnoticed.
    backstop = min(options["time_out"] + BACKSTOP, LONGEST_WAIT)
    note = warning if options["warns"] else None
    try:
        while True:
            _answer(inbox, replies, backstop, note)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


def _answer(inbox: Inbox, replies: IO[bytes], backstop: float, note: str | None) -> None:
    """Run the next script and send what came of it."""
    request, tables = inbox.get()
    call = {"call": request["call"]}
    send(replies, {**call, "begun": True}, [])
    faulthandler.dump_traceback_later(backstop, exit=True, file=1)
    reply, results = run(request, tables)
    faulthandler.cancel_dump_traceback_later()
    if note and "notes" in reply:
        reply["notes"].append(note)
    send(replies, {**call, **reply}, results)
    del request, tables, reply, results
    gc.collect()
    gc.freeze()  # what survived stays: packages, which need not be searched every time


def _listen(requests: IO[bytes], inbox: Inbox, options: Header) -> None:
    """Hand requests on; when no more can come, end this process and all it started."""
    try:
        while True:
            inbox.put(receive(requests))
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except (EOFError, ValueError, OSError):
        shutil.rmtree(options["directory"], ignore_errors=True)
        if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
            os.killpg(os.getpgrp(), signal.SIGKILL)
        os._exit(1)
