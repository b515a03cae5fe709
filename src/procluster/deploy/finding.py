"""One thing that was looked at: what was found, whether it will do, and what to do if not."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Final

__all__ = ["FORMATS", "Finding", "as_json", "as_markdown", "as_text"]

WIDTH: Final = 100


@dataclass(frozen=True)
class Finding:
    """What was found of one subject; ``advice`` says what to do when it will not do."""

    subject: str
    found: str
    is_ok: bool
    advice: str = ""


def as_text(findings: Sequence[Finding]) -> str:
    """One line each, with the advice below what will not do.

    Examples
    --------
    >>> print(as_text([Finding("Python", "2.7", False, "Install 3.7 or later.")]))
    no  Python  2.7
                Install 3.7 or later.
    <BLANKLINE>
    1 of 1 will not do.
    """
    width = max((len(one.subject) for one in findings), default=0)
    margin = " " * (width + 6)
    lines = []
    for one in findings:
        lines.append(f"{'ok' if one.is_ok else 'no'}  {one.subject:{width}}  {one.found}".rstrip())
        if one.advice and not one.is_ok:
            lines += textwrap.wrap(
                one.advice, WIDTH, initial_indent=margin, subsequent_indent=margin
            )
    bad = sum(not one.is_ok for one in findings)
    lines += ["", f"{bad} of {len(findings)} will not do." if bad else f"All {len(findings)} ok."]
    return "\n".join(lines)


def as_json(findings: Sequence[Finding]) -> str:
    """A list of objects."""
    return json.dumps([asdict(one) for one in findings], indent=2, ensure_ascii=False)


def as_markdown(findings: Sequence[Finding]) -> str:
    """A table."""
    lines = ["| | subject | found | what to do |", "|---|---|---|---|"]
    for one in findings:
        cells = ("ok" if one.is_ok else "**no**", one.subject, one.found, one.advice)
        lines.append("| " + " | ".join(cell.replace("|", "&#124;") for cell in cells) + " |")
    return "\n".join(lines)


FORMATS: Final[dict[str, Callable[[Sequence[Finding]], str]]] = {
    "text": as_text,
    "json": as_json,
    "markdown": as_markdown,
}
