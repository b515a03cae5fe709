"""A plan for people and for programs: text, JSON, Markdown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from procluster.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from procluster.deploy.plan import Change, Plan

__all__ = ["FORMATS", "as_json", "as_markdown", "as_text", "summary"]

SIGNS: Final = {"created": "+", "changed": "~", "removed": "-", "drifted": "!", "unchanged": "="}
OUTCOMES: Final = {0: "nothing to do", 2: "changes", 3: "drift"}


def summary(plan: Plan) -> str:
    """How many objects there are of each status, in one line.

    Examples
    --------
    >>> from procluster.deploy.plan import Plan
    >>> summary(Plan(()))
    'Nothing to do: 0 objects unchanged.'
    """
    unchanged = f"{counted(len(plan.of('unchanged')), 'object')} unchanged"
    counts = [f"{len(plan.of(status))} {status}" for status in SIGNS if status != "unchanged"]  # type: ignore[arg-type]
    some = [count for count in counts if not count.startswith("0 ")]
    return f"{', '.join(some)}, {unchanged}." if some else f"Nothing to do: {unchanged}."


def as_text(plan: Plan, place: str) -> str:
    """What is to be done, then how it differs."""
    shown = [one for one in plan.changes if one.status != "unchanged"]
    width = max((len(one.name) for one in shown), default=0)
    lines = [f"Plan for {place}", ""]
    lines += [_line(one, width) for one in shown]
    lines += [f"  ! {line}" for line in plan.losses]
    lines += [""] if shown else []
    lines += [f"{one.diff}\n" for one in shown if one.diff]
    return "\n".join([*lines, summary(plan)])


def as_json(plan: Plan, place: str) -> str:
    """Everything, with the exit code's meaning."""
    document = {
        "target": place,
        "outcome": OUTCOMES[plan.exit_code],
        "exit_code": plan.exit_code,
        "objects": [_object(one) for one in plan.changes],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_markdown(plan: Plan, place: str) -> str:
    """What a pull request shows."""
    shown = [one for one in plan.changes if one.status != "unchanged"]
    lines = [f"## Plan for {place}", "", summary(plan), ""]
    if shown:
        lines += ["| object | kind | status | reason |", "|---|---|---|---|"]
        lines += [
            f"| `{one.name}` | {one.kind} | {one.status} | {one.reason.replace('|', '&#124;')} |"
            for one in shown
        ]
        lines.append("")
    lines += [f"- {line}" for line in plan.losses]
    lines += [f"```diff\n{one.diff}\n```\n" for one in shown if one.diff]
    return "\n".join(lines).rstrip()


FORMATS: Final[dict[str, Callable[[Plan, str], str]]] = {
    "text": as_text,
    "json": as_json,
    "markdown": as_markdown,
}


def _line(change: Change, width: int) -> str:
    reason = f"  {change.reason}" if change.reason else ""
    return (
        f"  {SIGNS[change.status]} {change.name:{width}}  {change.kind:9}  {change.status}{reason}"
    )


def _object(change: Change) -> dict[str, object]:
    return {
        "name": change.name,
        "kind": change.kind,
        "status": change.status,
        "reason": change.reason,
        "sha256": change.leaves.sha256 if change.leaves else None,
        "version": change.leaves.version if change.leaves else None,
        "loss": list(change.loss),
        "diff": change.diff,
    }
