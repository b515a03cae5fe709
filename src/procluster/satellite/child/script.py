"""One run of a script: its globals, its faults, its frame."""

from __future__ import annotations

import ast
import builtins
import os
import platform
import sys
import threading
import types
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .frames import OutputFrame, input_frame, output_frame
from .parameters import Output, read_outputs
from .sandbox import captured_output, fresh_state
from .wire import Header, row_of, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

__all__ = ["run"]

PRESET: dict[str, object] = {
    "os": os,
    "sys": sys,
    "platform": platform,
    "DataFrame": pd.DataFrame,
    "np": np,
}
"""What a language extension defines before the script runs; pandas is not among it."""

ABSENT = ("procluster",)
"""Packages of this machine that no server has."""

DEEPEST_FRAMES = 5
LONGEST_TEXT = 1500


def run(request: Header, tables: list[pa.Table]) -> tuple[Header, list[pa.Table]]:
    """Run one script.

    Parameters
    ----------
    request : dict
        ``script``, ``input_name``, ``output_name``, ``columns`` ([name, type] of each),
        ``parameters`` (``name``, ``type``, ``size``, ``output`` of each).
    tables : list of pyarrow.Table
        The parameters' values in one row and, where the call has a query, its rows.

    Returns
    -------
    dict
        ``error`` (type, text, frames), or ``faults``, or ``types``, ``printed`` and ``notes``;
        ``spent`` where the process should not run another script.
    list of pyarrow.Table
        OUTPUT values in one row, and the frame where there is one.
    """
    names = [name for name, _ in request["columns"]]
    kinds = [kind for _, kind in request["columns"]]
    frame = pd.DataFrame()
    notes: list[str] = []
    faults: list[str] = []
    try:
        if len(tables) > 1:
            frame, notes, faults = input_frame(tables[1], names, kinds)
    except MemoryError as error:
        return {"error": _describe(error)}, []
    if faults:
        return {"faults": faults}, []
    module = types.ModuleType("__main__")
    module.__dict__.update(_script_globals(request, tables[0], frame))
    del frame
    threads = threading.active_count()
    try:
        with fresh_state(module), captured_output() as printed:
            notes += _execute(request["script"], module.__dict__)
            reply, results = _collect(request, module.__dict__)
    except BaseException as error:
        reply, results = {"error": _describe(error)}, []
    else:
        reply["printed"] = "".join(printed)
        reply["notes"] = notes + reply.get("notes", [])
    reply["spent"] = threading.active_count() > threads
    module.__dict__.clear()
    return reply, results


def _script_globals(request: Header, values: pa.Table, frame: pd.DataFrame) -> dict[str, Any]:
    """Set up the globals, in the order in which a language extension does.

    The values of OUTPUT parameters sit one level below, among the builtins: the script reads them
    as if they were globals, and only what it assigns itself is found in its globals afterwards.
    """
    incoming = values_of(values)
    outputs = {each["name"] for each in request["parameters"] if each["output"]}
    below = types.ModuleType("builtins")
    below.__dict__.update(vars(builtins))
    below.__dict__.update({name: incoming[name] for name in outputs})
    return {
        "__builtins__": below,
        **{name: value for name, value in PRESET.items() if name not in outputs},
        **{name: value for name, value in incoming.items() if name not in outputs},
        request["input_name"]: frame,
        request["output_name"]: pd.DataFrame(),
    }


def _execute(script: str, namespace: dict[str, Any]) -> list[str]:
    code, borrowed = _compiled(script)
    process = os.getpid()
    try:
        exec(code, namespace)  # noqa: S102  running scripts is the purpose
    finally:
        if os.getpid() != process:  # the script forked, and this is its child
            os._exit(0)
    return [
        f"name {name}: set by a language extension only. Import it in the script."
        for name in borrowed
    ]


@lru_cache(maxsize=8)
def _compiled(script: str) -> tuple[types.CodeType, list[str]]:
    """The code of a script and the names it borrows; a procedure brings the same one each time."""
    tree = ast.parse(script, "<string>")
    # dont_inherit: the __future__ imports of this module are not the script's.
    code = compile(tree, "<string>", "exec", dont_inherit=True)
    return code, sorted(_borrowed_names(tree))


def _borrowed_names(tree: ast.AST) -> set[str]:
    """Preset names that the script uses and never binds."""
    used: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    return (used & PRESET.keys()) - bound


def _collect(request: Header, namespace: dict[str, Any]) -> tuple[Header, list[pa.Table]]:
    """OUTPUT parameters and frame; all their faults at once."""
    declared = [
        Output(each["name"], each["type"], each["size"])
        for each in request["parameters"]
        if each["output"]
    ]
    values, faults = read_outputs(namespace, declared)
    name = request["output_name"]
    out = output_frame(namespace[name], name) if name in namespace else OutputFrame()
    if name not in namespace:
        out.faults.append(f"{name}: the script deletes it. Assign a pandas.DataFrame to it.")
    faults += out.faults
    if faults:
        return {"faults": faults}, []
    row = row_of(values, {output.name: output.kind for output in declared})
    return {"types": out.types, "notes": out.notes}, [row, out.table()]


def _describe(error: BaseException) -> Header:
    """Describe an exception: its type, its text and the script's lines, innermost first."""
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = f"{kind.__module__}.{name}"
    frames = list(_script_frames(error))[-DEEPEST_FRAMES:][::-1]
    try:
        text = str(error)
    except Exception:
        text = "(its text cannot be shown)"
    if isinstance(error, SyntaxError):
        text = error.msg
        frames = [(error.lineno, None)] if error.filename == "<string>" else frames
    if len(text) > LONGEST_TEXT:
        text = f"{text[:LONGEST_TEXT]} ..."
    return {"type": name, "text": text, "frames": frames}


def _script_frames(error: BaseException) -> Iterator[tuple[int | None, str | None]]:
    """Line and function of each frame of the traceback that runs the script's own text."""
    traceback = error.__traceback__
    code: types.CodeType | None = None
    own: set[int] = set()
    while traceback:
        here = traceback.tb_frame.f_code
        if code is None and here.co_filename == "<string>":
            code = here
            own = set(map(id, _all_code(here)))
        if id(here) in own:
            yield traceback.tb_lineno, here.co_name
        traceback = traceback.tb_next


def _all_code(code: types.CodeType) -> Iterator[types.CodeType]:
    """Walk a code object and those of the functions and classes in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _all_code(constant)
