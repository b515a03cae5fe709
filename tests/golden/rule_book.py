"""docs/embedded-engine.md, written from the engine's own registries and their tested cases."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "engine" / "rules"))

import rule_cases as cases
from error_cases import ERRORS as ERROR_CASES

from procluster.local import database, messages, words  # noqa: F401 - fills the registries
from procluster.local.control_flow import FIXED_OPTIONS, SWITCHES
from procluster.local.grammar import GRAMMAR
from procluster.local.registry import SESSION_FUNCTIONS, SYSTEM_PROCEDURES, SYSTEM_VIEWS
from procluster.local.transaction import FEW_ROWS
from procluster.local.translate import DIFFERENCES
from procluster.local.translate.aggregates import AGGREGATES
from procluster.local.translate.calls import FUNCTIONS
from procluster.local.translate.conversion import CONVERSIONS
from procluster.local.types import KINDS, resolve

HEAD = """# What the embedded engine runs

Written by `make golden` from the engine's own registries; a test fails when it is stale. Whatever
stands here has a test with SQL Server's documented result. Everything else is refused, with error
40510, the line, the column and the reason; nothing is guessed and nothing is half done.
"""


def rule_book() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_sections()]) + "\n"


def _sections() -> Iterator[str]:
    yield "## What it knowingly does otherwise\n"
    yield from (f"- {line}" for line in _sentences(DIFFERENCES))
    yield from (
        (
            f"- A transaction that began under SET XACT_ABORT ON and has changed more than "
            f"{FEW_ROWS:,} rows is doomed by any run-time error of a statement that reads a table, "
            "also after SET XACT_ABORT OFF, and cannot be read then before ROLLBACK. One that "
            "began under OFF keeps the rows it changes in memory until it ends, and "
            "such an error does its changes again."
        ),
        "- An INSERT that fails has used up an identity number for each of its rows.",
        ("- Not verified, for no source says it: that errors 1105 and 9002 end the batch."),
        "- Permissions are recorded and not enforced: there is one principal, dbo.",
        (
            "- One session writes at a time, and READPAST waits for it too; the others read what "
            "is committed, as under READ COMMITTED with row versions."
        ),
        "- SERVERPROPERTY and DATABASEPROPERTYEX give nvarchar(128), numbers too.",
    )
    yield "\n## Types\n"
    yield _table(
        ("type", "declared", "assigned", "is then", "kept in DuckDB as"),
        ((name, *_shown(*cases.TYPES[name]), kind.storage) for name, kind in KINDS.items()),
    )
    yield "\nOf higher precedence first: " + ", ".join(
        kind.name for kind in sorted(KINDS.values(), key=lambda kind: kind.precedence)
    )
    yield "\nRefused: " + _list(f"{n} ({why})" for n, why in words.UNSUPPORTED_TYPES.items())
    yield "\n## Conversions\n"
    yield "Which family of types converts to which; an empty place is error 529 or refused.\n"
    families = list(dict.fromkeys(resolve(name).family for name in KINDS))
    yield _table(
        ("from \\ to", *families),
        ((a, *("yes" if (a, b) in CONVERSIONS else "" for b in families)) for a in families),
    )
    yield "\n## Functions\n"
    yield _table(
        ("function", "example", "gives"),
        ((FUNCTIONS[n].usage, *_shown(*cases.FUNCTIONS[n])) for n in sorted(FUNCTIONS)),
    )
    yield "\nCAST, CONVERT, TRY_CAST, TRY_CONVERT, CASE and IIF have syntax of their own."
    yield "\n## Aggregates and window functions\n"
    yield f"Over `{cases.ROWS}`:\n"
    yield _table(
        ("function", "example", "gives"),
        ((AGGREGATES[n].usage, *_shown(*cases.AGGREGATES[n])) for n in sorted(AGGREGATES)),
    )
    yield "\nAny other function is refused, but for those of the session."
    yield "\n## Functions and @@variables of the session\n"
    yield _table(
        ("name", "type", "example", "gives"),
        (
            (found.usage, str(found.type), *_shown(*cases.SESSION[name]))
            for name, found in sorted(SESSION_FUNCTIONS.items())
        ),
    )
    yield "\n## Catalog views\n"
    yield _table(
        ("view", "columns"),
        ((name, f"`{view.columns}`") for name, view in sorted(SYSTEM_VIEWS.items())),
    )
    yield "\n## System procedures\n"
    yield _table(
        ("procedure", "example", "gives"),
        ((name, *_shown(*cases.PROCEDURES[name])) for name in sorted(SYSTEM_PROCEDURES)),
    )
    yield "\n## SET options\n"
    yield "Switched ON and OFF: " + _list(SWITCHES) + "; LOCK_TIMEOUT takes milliseconds.\n"
    yield _table(
        ("option", "accepted at, for that is what the engine does"),
        ((name, " or ".join(values)) for name, values in sorted(FIXED_OPTIONS.items())),
    )
    yield "\n## Statements\n"
    yield _table(
        ("statement", "example", "gives"),
        ((name, *_shown(*case)) for name, case in sorted(cases.STATEMENTS.items())),
    )
    yield "\nRefused by their first word: " + _list(
        f"{words.replace(' |', ',')} ({why})"
        for words, why in re.findall(r'([A-Z]+(?: \| [A-Z]+)*)\)?\s+!"\{\}: ([^"]+)"', GRAMMAR)
    )
    yield "\nRefused where they stand:\n"
    refusals = sorted(set(re.findall(r'!"([^{"][^"]+)"', GRAMMAR)))
    yield from (f"- {refusal.replace('{}', '...')}" for refusal in refusals)
    yield "\n### The grammar\n"
    yield "As the parser reads it; src/procluster/local/grammar.py explains the notation.\n"
    yield f"```text{GRAMMAR}```"
    yield "\n## Errors\n"
    yield "Without TRY an error ends its statement, its level (procedure or batch), or the batch.\n"
    yield _table(
        ("number", "severity", "ends", "text", "raised by"),
        (
            (str(number), str(e.severity), e.ends, _plain(e.text), _batch(number))
            for number, e in messages.ERRORS.items()
        ),
    )


def _sentences(text: str) -> list[str]:
    found = re.findall(r"[^.]+(?:\.\d[^.]*)*\.", " ".join(text.split()))
    return [sentence.strip() for sentence in found]


def _batch(number: int) -> str:
    batch = ERROR_CASES.get(number, "")
    return f"`{_plain(batch)}`" if batch and len(batch) < 150 else ""


def _shown(*parts: str) -> Iterable[str]:
    return (f"`{_plain(part)}`" for part in parts)


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _list(items: Iterable[str]) -> str:
    return ", ".join(items) + "."


def _table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(titles)]
    lines += [["---"] * len(lines[0]), *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
