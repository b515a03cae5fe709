"""What the verbs that change a database share: options, consent, the run with its progress."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from procluster.cli.target import Place
    from procluster.deploy.apply import Permission
    from procluster.deploy.plan import Plan

__all__ = ["Changing", "data_loss_option", "drift_option", "yes_option"]

yes_option = click.option("--yes", is_flag=True, help="Do it without asking.")
drift_option = click.option(
    "--overwrite-drift",
    is_flag=True,
    help="Overwrite what was changed by hand; tables keep what was added.",
)
data_loss_option = click.option(
    "--allow-data-loss", is_flag=True, help="Take the steps that lose rows."
)


@dataclass(frozen=True)
class Changing:
    """Shows a plan, asks, and makes it true.

    Parameters
    ----------
    action, note : str
        For the history.
    remake : callable
        Makes the plan, now and once more under the lock.
    yes : bool
        Nobody is asked.
    """

    place: Place
    action: str
    remake: Callable[[], Plan]
    permission: Permission
    yes: bool
    note: str = ""

    def run(self) -> None:
        """Do it.

        Raises
        ------
        DeploymentError
            It may not be done, or failed; nothing was changed.
        click.Abort
            The answer was no.
        """
        from procluster.deploy.apply import Deployment, refuse
        from procluster.deploy.report import as_text
        from procluster.progress import Progress

        plan = self.remake()
        click.echo(as_text(plan, str(self.place.target)))
        if plan.is_empty:
            return
        refuse(plan, self.permission)
        self._ask()
        progress = Progress(sys.stderr)
        deployment = Deployment(
            self.place.connection,
            self.place.release,
            self.action,
            self.note,
            self.permission,
            self.place.target.lock_timeout,
            self.place.reconnect,
        )
        start = time.monotonic()
        with progress.during(f"{self.action} at {self.place.target}"):
            number = deployment.run(plan, self.remake)
        which = f"deployment {number}" if number else "its history is gone too"
        click.echo(f"Done: {which}, {time.monotonic() - start:.1f} s.")

    def _ask(self) -> None:
        if self.yes:
            return
        if not sys.stdin.isatty():
            raise click.UsageError("--yes: not given, and there is no terminal to ask at.")
        click.confirm(f"{self.action.capitalize()} at {self.place.target}?", abort=True, err=True)
