"""The target that verbs work on: its option, and a connection to it."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from procluster.cli.database import DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from procluster.deploy.connection import Connection
    from procluster.deploy.target import Target

__all__ = ["chosen_target", "connected", "target_option"]

LOCAL = "local"

target_option = click.option(
    "--target",
    metavar="NAME",
    envvar="PROCLUSTER_TARGET",
    show_envvar=True,
    help=f"A [target.NAME] of procluster.toml; it may be left out when there is one. {LOCAL} is "
    f"{DATABASE} of the embedded engine.",
)


def chosen_target(name: str | None, config: Path | None) -> Target:
    """The target that an option names.

    Raises
    ------
    SettingsError
        The settings file is faulty.
    click.UsageError
        There is no such target, or it is not clear which one is meant.
    """
    from procluster import settings
    from procluster.deploy.target import Target

    targets: Mapping[str, Target] = settings.load_targets(config)
    targets = {LOCAL: Target(LOCAL, file=str(DATABASE)), **targets}
    if name is None:
        others = [one for one in targets if one != LOCAL]
        if len(others) > 1:
            raise click.UsageError(
                f"--target: not given, and there is more than one. Allowed: {', '.join(targets)}."
            )
        name = others[0] if others else LOCAL
    if name not in targets:
        raise click.UsageError(
            f"--target: {name!r} is not in procluster.toml. Allowed: {', '.join(targets)}."
        )
    return targets[name]


@contextmanager
def connected(target: Target) -> Iterator[Connection]:
    """A connection to a target, closed at the end; a missing secret is asked for at a terminal.

    Raises
    ------
    ConnectError
        It cannot be reached, the login is refused, or the secret is missing.
    """
    from procluster.deploy.connect import connect
    from procluster.deploy.secret import find_secret

    ask = _ask if sys.stdin.isatty() else None
    connection = connect(target, find_secret(target, os.environ, ask))
    try:
        yield connection
    finally:
        connection.close()


def _ask(prompt: str) -> str:
    return str(click.prompt(prompt, hide_input=True, err=True))
