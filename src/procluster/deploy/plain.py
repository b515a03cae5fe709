"""A plan as one plain .sql file, for people who run nothing else.

It runs in sqlcmd and Management Studio, all of it or nothing: procluster.generator.batches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from procluster.deploy import history
from procluster.deploy.history import Attempt
from procluster.deploy.lock import lock_batch, release_batch
from procluster.generator.batches import END, START, file_text, transaction
from procluster.generator.quoting import literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from procluster.deploy.plan import Plan
    from procluster.deploy.release import Release

__all__ = ["plain_script"]

WAIT: Final = 10
"""Seconds to wait for another deployment."""

REFUSAL: Final = """
IF @lock < 0
BEGIN
    RAISERROR(N'Another deployment holds the lock. Wait for it to end.', 16, 1);
    SET NOEXEC ON;
END;
"""


def plain_script(release: Release, plan: Plan, place: str) -> str:
    """What a deployment of a plan runs, and its history, in GO batches.

    It does not ask the catalog views what is there afterwards; so the next plan compares the
    modules' own texts, and takes tables and permissions as they are.
    """
    return file_text(_batches(release, plan, place))


def _batches(release: Release, plan: Plan, place: str) -> Iterator[str]:
    title = f"procluster {release.tool_version}, for {place}".replace("*/", "* /")
    yield f"/* {title} */\n{START}"
    yield lock_batch(release.schema, WAIT) + REFUSAL
    steps = [step for change in plan.changes for step in change.steps]
    yield from transaction([*steps, _history(release, plan)], literal("Deployed."))
    yield f"{END}\n{release_batch(release.schema)}"


def _history(release: Release, plan: Plan) -> str:
    attempt = Attempt("", "script", "", release.tool_version)
    row = history.insert_deployment(release, attempt, "succeeded", "")
    left = [change.leaves for change in plan.changes if change.leaves]
    rows = [
        history.insert_object(release, "@deployment_id", position, one)
        for position, one in enumerate(left, 1)
    ]
    number = "DECLARE @deployment_id int = CAST(SCOPE_IDENTITY() AS int);\n"
    return "\n".join([row, number, *rows])
