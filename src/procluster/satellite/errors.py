"""What a failed script looks like in T-SQL.

Numbers, severities, states and first lines are SQL Server's; the lines after them say what
happened and what to do. Each failure is one error, where the server sends two or three.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from procluster.errors import SqlError
from procluster.satellite.child.wire import OUT_OF_MEMORY
from procluster.satellite.sections import locate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

__all__ = [
    "cancelled",
    "faulty_limit",
    "no_runtime",
    "runtime_died",
    "script_failed",
    "script_faults",
    "timed_out",
    "unsupported_column",
    "unsupported_parameter",
]

FAILED = (
    "A 'Python' script error occurred during execution of 'sp_execute_external_script' "
    "with HRESULT 0x80004004."
)
UNREACHABLE = (
    "Unable to communicate with the runtime for 'Python' script. "
    "Please check the requirements of 'Python' runtime."
)
UNLAUNCHED = (
    "Unable to launch runtime for 'Python' script. "
    "Please check the configuration of the 'Python' runtime."
)
OCCURRED = "An external script error occurred:"


def script_faults(faults: Iterable[str]) -> SqlError:
    """Refuse a call that cannot work, or what its script returned."""
    return SqlError(39004, "\n".join([FAILED, *faults]), state=20)


def script_failed(
    error: Mapping[str, Any], script: str, memory_limit: int | None = None
) -> SqlError:
    """Report an exception of the script's, with the places it came through, innermost first.

    Parameters
    ----------
    error : mapping
        ``type``, ``text``, and ``frames``: [line, function] of each, innermost first.
    """
    text = f": {error['text']}" if error["text"] else ""
    lines = [FAILED, OCCURRED, f"{error['type']}{text}"]
    for line, function in error["frames"]:
        inside = f", in {function}" if function else ""
        source = locate(script, line) if line else None
        lines.append(f'  File "<string>", line {line}{inside}' + (f" ({source})" if source else ""))
    if error["type"] == "SystemExit":
        lines.append("sys.exit() is an error on a server. Let the script end at its last line.")
    if error["type"].endswith("MemoryError") and memory_limit:
        lines.append(_memory_remedy(memory_limit))
    return SqlError(39004, "\n".join(lines), state=20)


def _memory_remedy(limit: int) -> str:
    return (
        f"The script may use {limit >> 20} MiB; a server allows 20 % of its memory by default. "
        "Give it fewer rows or columns, or raise the limit: PROCLUSTER_SCRIPT_MEMORY_PERCENT here, "
        "ALTER EXTERNAL RESOURCE POOL on a server."
    )


def timed_out(seconds: float) -> SqlError:
    """Report a script that was stopped."""
    return SqlError(
        39019,
        f"{OCCURRED}\nThe script ran longer than the time-out of {seconds:g} s and was stopped. "
        "Give it less to do, or raise the time-out: PROCLUSTER_SCRIPT_SECONDS.",
        state=2,
    )


def cancelled() -> SqlError:
    """Report a script that the caller stopped; 0x80004004 is "operation aborted"."""
    return script_faults(["The script was cancelled."])


def runtime_died(status: int | None, memory_limit: int | None = None) -> SqlError:
    """Report a process that ended, or broke off the conversation, while a script ran."""
    if status == OUT_OF_MEMORY and memory_limit:
        what = "The rows of the call do not fit into the memory of its process."
        return SqlError(39012, f"{UNREACHABLE}\n{what} {_memory_remedy(memory_limit)}", state=14)
    limit = f", or met its memory limit of {memory_limit >> 20} MiB" if memory_limit else ""
    if status is None:
        what = "The script closed or used the connection of its process to the engine."
        remedy = "Leave file descriptors alone that it did not open."
    elif status < 0:
        what = f"Its process was ended by signal {-status} ({_signal_name(-status)})."
        remedy = (
            f"Perhaps the machine ran out of memory{limit}: give the script less data. "
            "Otherwise native code in one of its packages crashed."
        )
    else:
        what = f"Its process ended with status {status} while the script ran."
        remedy = "A script must not call os._exit(), and must leave its own process alone."
    return SqlError(39012, f"{UNREACHABLE}\n{what} {remedy}", state=14)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def no_runtime(python: str, reason: str) -> SqlError:
    """Report an interpreter that does not start."""
    return SqlError(
        39021,
        f"{UNLAUNCHED}\n{python}: {reason} It must be a Python >= 3.10 with numpy, pandas and "
        "pyarrow, and have memory enough for them.",
    )


def faulty_limit(name: str, text: str, most: float) -> SqlError:
    """Refuse an environment variable that is no limit."""
    return SqlError(
        39021, f"{UNLAUNCHED}\n{name}: '{text}' is no limit. Give a number above 0, up to {most:g}."
    )


def unsupported_column(name: str, kind: str, supported: Iterable[str]) -> SqlError:
    """Refuse a column of the input query that one of the hosts does not take."""
    return SqlError(
        39017,
        f"Unsupported input data type in column '{name}' ({kind}). "
        f"Supported types: {', '.join(supported)}. CAST it to one of them in @input_data_1.",
    )


def unsupported_parameter(name: str, kind: str, supported: Iterable[str]) -> SqlError:
    """Refuse a parameter that one of the hosts does not take."""
    return SqlError(
        39018,
        f"Parameter '@{name}' uses a data type ({kind}) that is not supported by 'Python' "
        f"extension. Supported types: {', '.join(supported)}. CAST it to one of them first.",
    )
