"""One call of an external script: what goes in, what comes back, and how both travel."""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from procluster.satellite.child.wire import ARROW_TYPES, Header, row_of, values_of
from procluster.satellite.errors import (
    script_faults,
    unsupported_column,
    unsupported_parameter,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from procluster.satellite.process import Message

__all__ = [
    "ScriptCall",
    "ScriptParameter",
    "ScriptResult",
    "check_call",
    "request_of",
    "result_of",
]


class DataType(Protocol):
    """A T-SQL data type: its name, its length (-1 for max); ``str()`` writes both."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...


class InputColumn(Protocol):
    """A column of the input query."""

    @property
    def name(self) -> str: ...

    @property
    def type(self) -> DataType: ...


@dataclass(frozen=True)
class ScriptParameter:
    """A parameter of a script; ``name`` has no @, ``value`` is what goes in (None is NULL)."""

    name: str
    type: DataType
    value: object
    output: bool


@dataclass(frozen=True)
class ScriptCall:
    """One execution of a script.

    Attributes
    ----------
    input_name, output_name : str
        Names of the two frames in the script: InputDataSet and OutputDataSet, unless renamed.
    columns : sequence of InputColumn
        The input query's columns, with the T-SQL types.
    data : pyarrow.Table or None, shape (rows, columns)
        The input query's rows, columns by position; None without a query.
    """

    script: str
    input_name: str
    output_name: str
    columns: Sequence[InputColumn]
    data: pa.Table | None
    parameters: tuple[ScriptParameter, ...]


@dataclass(frozen=True)
class ScriptResult:
    """What a script gave back.

    Attributes
    ----------
    frame : pyarrow.Table or None, shape (rows, columns)
        Columns by position ("c0", "c1" ...), None for a frame without columns.
    types : tuple of str
        T-SQL type of each column of ``frame``, without its size.
    outputs : dict
        Value of each OUTPUT parameter.
    printed : str
        What the script wrote to standard output and standard error.
    notes : tuple of str
        What would be different on the other host.
    """

    frame: pa.Table | None
    types: tuple[str, ...]
    outputs: dict[str, object]
    printed: str
    notes: tuple[str, ...]


def check_call(call: ScriptCall) -> None:
    """Refuse what one of the hosts rejects or quietly damages, before any Python runs.

    Raises
    ------
    SqlError
        39017 and 39018 for a type, 39004 for names and text.
    """
    for column in call.columns:
        if column.type.name not in ARROW_TYPES:
            raise unsupported_column(column.name, str(column.type), ARROW_TYPES)
    for parameter in call.parameters:
        if parameter.type.name not in ARROW_TYPES:
            raise unsupported_parameter(parameter.name, str(parameter.type), ARROW_TYPES)
    faults = [
        f"{what} {name!r}: no name of a variable in Python. Use letters, digits and _."
        for what, name in (
            ("@input_data_1_name", call.input_name),
            ("@output_data_1_name", call.output_name),
            *(("parameter", parameter.name) for parameter in call.parameters),
        )
        if not name.isidentifier() or keyword.iskeyword(name)
    ]
    if call.input_name == call.output_name:
        faults.append(
            f"@output_data_1_name {call.output_name!r}: the same as @input_data_1_name, so the "
            "input would be gone before the script runs. Use two names."
        )
    if "\0" in call.script:
        line = call.script[: call.script.index("\0")].count("\n") + 1
        faults.append(
            f"@script: a NUL character in line {line}, where a server would cut the script off. "
            "Remove it."
        )
    if faults:
        raise script_faults(faults)


def request_of(call: ScriptCall) -> Message:
    """Make the message that asks for a call."""
    header: Header = {
        "script": call.script,
        "input_name": call.input_name,
        "output_name": call.output_name,
        "columns": [[column.name, column.type.name] for column in call.columns],
        "parameters": [
            {"name": p.name, "type": p.type.name, "size": p.type.size, "output": p.output}
            for p in call.parameters
        ],
    }
    values = {parameter.name: parameter.value for parameter in call.parameters}
    types = {parameter.name: parameter.type.name for parameter in call.parameters}
    row = row_of(values, types)
    return header, [row] if call.data is None else [row, call.data]


def result_of(reply: Message) -> ScriptResult:
    """Read the reply to a call that succeeded."""
    header, (outputs, frame) = reply
    types = tuple(header["types"])
    return ScriptResult(
        frame=frame if types else None,
        types=types,
        outputs=values_of(outputs),
        printed=header["printed"],
        notes=tuple(header["notes"]),
    )
