"""A plan → the database: under a lock, in one transaction, on record."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from procluster.deploy import history
from procluster.deploy.history import Attempt
from procluster.deploy.lock import exclusive
from procluster.deploy.plan import make_plan
from procluster.deploy.state import read_state
from procluster.errors import ConnectError, DeploymentError, SqlError
from procluster.generator.batches import SESSION_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from procluster.deploy.connection import Connection
    from procluster.deploy.plan import Change, Plan
    from procluster.deploy.release import Release

__all__ = ["Deployment", "Permission", "install", "refuse"]

ROLL_BACK: Final = "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;"
SETTLING: Final = 60
"""Seconds that a server may take to notice a lost connection and roll back."""

CLOCK: Final = "SELECT CONVERT(nvarchar(23), SYSUTCDATETIME(), 121);"


@dataclass(frozen=True)
class Permission:
    """What a deployment may do that it does not do by itself."""

    overwrite_drift: bool = False
    allow_data_loss: bool = False


@dataclass(frozen=True)
class Deployment:
    """Makes plans true, each of them all or not at all.

    Parameters
    ----------
    connection : Connection
    release : Release
    action : str
        deploy, rollback or uninstall; for the history.
    note : str
        For the history too.
    permission : Permission
    lock_timeout : int
        Seconds to wait for another deployment to end.
    reconnect : callable, optional
        Opens another connection, to put a failure on record when this one is lost.
    """

    connection: Connection
    release: Release
    action: str = "deploy"
    note: str = ""
    permission: Permission = Permission()
    lock_timeout: int = 10
    reconnect: Callable[[], Connection] | None = None

    def run(self, plan: Plan, replan: Callable[[], Plan] | None = None) -> int | None:
        """Make a plan true.

        Parameters
        ----------
        plan : Plan
            What was agreed to; it must still hold once nobody else can deploy.
        replan : callable, optional
            Makes the plan again; by default that of the release.

        Returns
        -------
        int or None
            Number of the deployment; None when its history was dropped with everything else.

        Raises
        ------
        DeploymentError
            Drift or data loss that was not allowed, another deployment in between, or a batch
            that failed. The database is as it was; a batch that failed is on record.
        ConnectError
            The connection is lost; the database is as it was.
        """
        refuse(plan, self.permission)
        with exclusive(self.connection, self.release.schema, self.lock_timeout):
            again = replan() if replan else make_plan(self.connection, self.release)
            if again != plan:
                raise DeploymentError(
                    "plan: no longer holds, for the database was changed since. "
                    "Nothing was done; look at the new plan."
                )
            [clock] = self.connection.query(CLOCK)
            attempt = Attempt(
                uuid.uuid4().hex, self.action, str(clock.rows[0][0]), self.release.tool_version
            )
            try:
                return self._transact(plan, attempt)
            except ConnectError as error:
                return self._after_loss(plan, attempt, error)
            except (SqlError, DeploymentError) as error:
                said = self._give_up(attempt, str(error))
                raise DeploymentError(f"{error}\nNothing was changed. {said}") from error
            except BaseException as error:
                self._give_up(attempt, f"stopped: {type(error).__name__}")
                raise

    def _transact(self, plan: Plan, attempt: Attempt) -> int | None:
        run = self.connection.query
        run(f"{SESSION_SETTINGS}SET XACT_ABORT ON;")
        run("BEGIN TRANSACTION;")
        for change in plan.changes:
            for step in change.steps:
                self._run_step(change.name, step)
        number = self._record(plan, attempt)
        run("COMMIT TRANSACTION;")
        return number

    def _run_step(self, name: str, step: str) -> None:
        try:
            self.connection.query(step)
        except SqlError as error:
            raise DeploymentError(f"{name}: {error}") from error

    def _record(self, plan: Plan, attempt: Attempt) -> int | None:
        """Write the history, with what the catalog views say now."""
        keys = [(one.kind, one.name) for one in plan.changes]
        keys.append(("table", f"{self.release.schema}.deployment"))
        state = read_state(self.connection, keys, self.release.principals)
        if state.get("table", f"{self.release.schema}.deployment") is None:
            return None
        row = history.insert_deployment(self.release, attempt, "succeeded", self.note)
        [inserted] = self.connection.query(row + history.NUMBER)
        number = int(str(inserted.rows[0][0]))
        for change in plan.changes:
            _require_structure(change, state.get(change.kind, change.name) or "")
        left = [change.leaves for change in plan.changes if change.leaves]
        for position, one in enumerate(left, 1):
            deployed = replace(one, deployed=state.get(one.kind, one.name))
            self.connection.query(
                history.insert_object(self.release, str(number), position, deployed)
            )
        return number

    def _give_up(self, attempt: Attempt, message: str) -> str:
        """Roll back, put the failure on record, and say whether that went well."""
        try:
            with suppress(SqlError):
                self.connection.query(ROLL_BACK)
            number = history.record_failure(self.connection, self.release, attempt, message)
        except ConnectError:
            number = None
        if number is None:
            return "The attempt could not be put on record."
        return f"The attempt is on record as deployment {number}."

    def _history_went(self, plan: Plan, connection: Connection) -> bool:
        """Whether a plan that drops the history was carried out, for it cannot be on record."""
        name = f"{self.release.schema}.deployment"
        dropping = any(one.name == name and one.leaves is None for one in plan.changes)
        return dropping and not history.is_there(connection, self.release)

    def _after_loss(self, plan: Plan, attempt: Attempt, error: ConnectError) -> int | None:
        """Find out how an attempt ended whose connection was lost, and put it on record."""
        # After a time-out it is only this side that has lost it.
        self.connection.close()
        if self.reconnect is None:
            raise error
        try:
            fresh = self.reconnect()
        except ConnectError:
            raise ConnectError(
                f"{error}\nThe server rolls back what was not committed; whether it was, "
                "procluster history tells once it can be reached."
            ) from error
        try:
            # The lock is free once the lost session has ended, and what it did is settled.
            with exclusive(fresh, self.release.schema, max(self.lock_timeout, SETTLING)):
                number = history.find_attempt(fresh, self.release, attempt)
                if number is not None or self._history_went(plan, fresh):
                    return number
                said = replace(self, connection=fresh)._give_up(attempt, str(error))
        finally:
            fresh.close()
        raise DeploymentError(f"{error}\nNothing was changed. {said}") from error


def _require_structure(change: Change, there: str) -> None:
    """Stop at a table that lost something by hand which no step of its script brings back."""
    missing = [line for line in change.requires if line not in there.splitlines()]
    if missing:
        raise DeploymentError(
            f"{change.name}: no step brings back {'; '.join(missing)}. Undo by hand what was done "
            "by hand, or take the table in as it is: procluster baseline."
        )


def install(
    connection: Connection, release: Release, permission: Permission = Permission()
) -> int | None:
    """Plan and deploy in one go; None when there was nothing to do."""
    plan = make_plan(connection, release)
    if plan.is_empty:
        return None
    return Deployment(connection, release, permission=permission).run(plan)


def refuse(plan: Plan, permission: Permission) -> None:
    """Stop a plan that would do what it may not; DeploymentError names all of it."""
    faults = []
    drifted = plan.of("drifted")
    if drifted and not permission.overwrite_drift:
        faults += [f"{one.name}: {one.reason}." for one in drifted]
        faults.append(
            "Take it into the scripts, or in as it is (procluster baseline), or overwrite it with "
            "--overwrite-drift."
        )
    if plan.losses and not permission.allow_data_loss:
        faults += plan.losses
        faults.append("Save them elsewhere first, then give --allow-data-loss.")
    if faults:
        raise DeploymentError("\n".join([*faults, "Nothing was changed."]))
