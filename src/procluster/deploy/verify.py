"""Whether what was deployed is there, is what is recorded and rendered, and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from procluster.deploy import history
from procluster.deploy.advice import advice
from procluster.deploy.finding import Finding
from procluster.deploy.plan import make_plan
from procluster.errors import SqlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from procluster.deploy.connection import Connection
    from procluster.deploy.plan import Change
    from procluster.deploy.release import Release

__all__ = ["verify"]

WORDS: Final = {
    "created": ("is missing", "Deploy it."),
    "changed": ("is not what is rendered", "Look at the plan, then deploy."),
    "removed": ("is no longer rendered", "Look at the plan, then deploy."),
    "unchanged": ("is deployed as rendered and recorded", ""),
}


def verify(connection: Connection, release: Release) -> list[Finding]:
    """Hold what is there against the record and what is rendered, and run the smoke batches.

    Nothing is changed: what a smoke batch does is rolled back.
    """
    findings = [_compared(change) for change in make_plan(connection, release).changes]
    findings += _records(connection, release)
    findings += [_smoke(connection, batch) for batch in release.smoke]
    return findings


def _compared(change: Change) -> Finding:
    subject = f"{change.name} ({change.kind})"
    if change.status == "drifted":
        step = "Look at the plan; then procluster baseline, or deploy with --overwrite-drift."
        return Finding(subject, change.reason, is_ok=False, advice=step)
    found, step = WORDS[change.status]
    return Finding(subject, found, change.status == "unchanged", step)


def _records(connection: Connection, release: Release) -> Iterator[Finding]:
    recorded = history.latest(connection, release).values()
    if not recorded:
        yield Finding("history", "nothing was deployed yet", is_ok=False, advice="Deploy.")
        return
    faulty = [one.name for one in recorded if not one.is_intact]
    if faulty:
        found = f"text and hash differ for {', '.join(faulty)}"
        step = "Somebody changed the history; rollback will refuse it. Deploy anew."
        yield Finding("history", found, is_ok=False, advice=step)
        return
    yield Finding("history", f"{len(recorded)} texts are the ones that were hashed", is_ok=True)


def _smoke(connection: Connection, batch: str) -> Finding:
    try:
        connection.query("SET XACT_ABORT ON; BEGIN TRANSACTION;")
        connection.query(batch)
    except SqlError as error:
        step = advice(error) or "It must run before anybody relies on this deployment."
        return Finding(batch, " ".join(str(error).split()), is_ok=False, advice=step)
    finally:
        connection.query("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;")
    return Finding(batch, "runs", is_ok=True)
