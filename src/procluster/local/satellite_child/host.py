"""The process: takes one script after the other until the engine is gone."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING

from .sandbox import block_network, die_with_parent, limit_memory, silence
from .script import ABSENT, run
from .wire import Header, receive, send

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["main"]


def main(settings: str) -> None:
    """Serve scripts; ``settings`` is JSON with ``memory_limit`` in bytes or null.

    Requests come in on standard input and replies go out on standard output, which are moved out
    of the scripts' reach first. One message says that the process is warm; then two answer each
    request: that its script begins, and what came of it.
    """
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    die_with_parent()
    warning = limit_memory(json.loads(settings)["memory_limit"])
    block_network()
    for package in ABSENT:
        sys.modules[package] = None  # type: ignore[assignment]
    silence()
    gc.freeze()
    inbox: SimpleQueue[tuple[Header, list[pa.Table]]] = SimpleQueue()
    threading.Thread(target=_listen, args=(requests, inbox), daemon=True).start()
    send(replies, {}, [])
    while True:
        request, tables = inbox.get()
        send(replies, {"begun": True}, [])
        reply, results = run(request, tables)
        if warning and "notes" in reply:
            reply["notes"].append(warning)
        send(replies, reply, results)
        del request, tables, reply, results
        gc.collect()
        gc.freeze()  # what survived stays: packages, which need not be searched every time


def _listen(requests: IO[bytes], inbox: SimpleQueue[tuple[Header, list[pa.Table]]]) -> None:
    """Hand requests on; when no more can come, end this process and all it started."""
    try:
        while True:
            inbox.put(receive(requests))
    except (EOFError, ValueError, OSError):
        if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
            os.killpg(os.getpgrp(), signal.SIGKILL)
        os._exit(1)
