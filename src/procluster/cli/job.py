"""procluster job: the SQL Server Agent job that refreshes the segmentation."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from procluster.cli.settings import config_option
from procluster.cli.target import chosen_target, connected, target_option
from procluster.errors import DeploymentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from procluster.deploy.connection import Connection

__all__ = ["job"]

name_option = click.option(
    "--name",
    default="",
    metavar="TEXT",
    help="The job's name; made of the schema's and the database's by default.",
)


@click.group(
    epilog="""
\b
Examples:
  procluster job install --target prod
  procluster job install --target prod --at 04:30 --on saturday --owner crm_job
  procluster job show --target prod
"""
)
def job() -> None:
    """Let SQL Server Agent refresh the segmentation."""


@job.command(
    epilog="""
\b
Examples:
  procluster job install
  procluster job install --at 23:15 --on monday --on thursday --retries 5
"""
)
@click.option(
    "--at", default="03:00", metavar="HH:MM", show_default=True, help="Time of day, on the server."
)
@click.option(
    "--on", "weekdays", multiple=True, metavar="WEEKDAY", help="Only then; may be repeated."
)
@click.option("--owner", default="", metavar="LOGIN", help="Owner; you by default.")
@click.option(
    "--retries",
    type=click.IntRange(0, 100),
    metavar="N",
    default=2,
    show_default=True,
    help="How often a failed refresh is tried again.",
)
@click.option(
    "--retry-minutes",
    type=click.IntRange(0, 1440),
    metavar="N",
    default=10,
    show_default=True,
    help="How long after.",
)
@name_option
@target_option
@config_option
def install(
    at: str,
    weekdays: tuple[str, ...],
    owner: str,
    retries: int,
    retry_minutes: int,
    name: str,
    target: str | None,
    config: Path | None,
) -> None:
    """Make the job, or bring it up to date.

    It runs seg.refresh. A job that is there keeps what is not named here: whether it is enabled,
    notifications, further steps.
    """
    from procluster import agent, settings

    wanted = agent.Job(
        agent.Schedule.parse(at, weekdays),
        name=name,
        owner=owner,
        retries=retries,
        retry_minutes=retry_minutes,
    )
    _run(agent.install_script(settings.load(config), wanted), target, config)


@job.command(
    epilog="""
\b
Examples:
  procluster job show --target prod
"""
)
@name_option
@target_option
@config_option
def show(name: str, target: str | None, config: Path | None) -> None:
    """Show the job, when it runs next, and how its last runs ended."""
    from procluster import agent, settings

    script = agent.show_script(settings.load(config), name)
    with _agent(target, config) as connection:
        for line in agent.standing(agent.run(connection, script)):
            click.echo(line)


@job.command(
    epilog="""
\b
Examples:
  procluster job remove --target prod
"""
)
@name_option
@target_option
@config_option
def remove(name: str, target: str | None, config: Path | None) -> None:
    """Remove the job, its schedule and its history."""
    from procluster import agent, settings

    _run(agent.remove_script(settings.load(config), name), target, config)


def _run(script: str, target: str | None, config: Path | None) -> None:
    """Run a script on the target and pass on what it prints."""
    from procluster import agent

    with _agent(target, config) as connection:
        agent.run(connection, script)
        for message in connection.messages:
            click.echo(message)


@contextmanager
def _agent(target: str | None, config: Path | None) -> Iterator[Connection]:
    """A connection to a target that can have a SQL Server Agent."""
    from procluster.agent import NO_AGENT

    chosen = chosen_target(target, config)
    if chosen.is_embedded:
        raise DeploymentError(NO_AGENT)
    with connected(chosen) as (connection, _):
        yield connection
