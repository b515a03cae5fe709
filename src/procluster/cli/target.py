"""The target that verbs work on: its option, and a connection to it."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from procluster.cli.database import DATABASE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from procluster.deploy.connection import Connection
    from procluster.deploy.release import Release
    from procluster.deploy.target import Target
    from procluster.settings import Settings

__all__ = ["Place", "chosen_target", "connected", "opened", "target_option"]

LOCAL = "local"

target_option = click.option(
    "--target",
    metavar="NAME",
    envvar="PROCLUSTER_TARGET",
    show_envvar=True,
    help="A [target.NAME] of procluster.toml; may be left out when it has one only. "
    f"{LOCAL}, which is meant when it has none, is {DATABASE} of the embedded engine.",
)


@dataclass(frozen=True)
class Place:
    """A target with a connection to it, and what is to be there."""

    target: Target
    settings: Settings
    release: Release
    connection: Connection
    reconnect: Callable[[], Connection]


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
            f"--target: {name!r} is not in {config or settings.FILE_NAME}. "
            f"Allowed: {', '.join(targets)}."
        )
    return targets[name]


@contextmanager
def connected(target: Target) -> Iterator[tuple[Connection, Callable[[], Connection]]]:
    """A connection to a target, closed at the end, and how to get another one.

    A missing secret is asked for at a terminal.

    Raises
    ------
    ConnectError
        It cannot be reached, the login is refused, or the secret is missing.
    """
    from procluster.deploy.connect import connect
    from procluster.deploy.secret import find_secret

    secret = find_secret(target, os.environ, _ask if sys.stdin.isatty() else None)
    connection = connect(target, secret)
    try:
        yield connection, lambda: connect(target, secret)
    finally:
        connection.close()


@contextmanager
def opened(name: str | None, config: Path | None) -> Iterator[Place]:
    """A target, connected to, with the release of the same settings."""
    from procluster import catalog, settings

    target, mapped = chosen_target(name, config), settings.load(config)
    release = catalog.release(mapped)
    with connected(target) as (connection, reconnect):
        yield Place(target, mapped, release, connection, reconnect)


def _ask(prompt: str) -> str:
    return str(click.prompt(prompt, hide_input=True, err=True))
