"""procluster history: who deployed what and when."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from procluster.cli.settings import config_option
from procluster.cli.target import opened, target_option

__all__ = ["history"]

TITLES = ("id", "action", "status", "started (UTC)", "ms", "objects", "login", "host", "version")


@click.command(
    epilog="""
\b
Examples:
  procluster history --target dev
  procluster history --target dev --limit 3 --format json
"""
)
@target_option
@config_option
@click.option("--limit", type=click.IntRange(1, 10000), default=20, show_default=True)
@click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def history(target: str | None, config: Path | None, limit: int, style: str) -> None:
    """List the deployments, the latest first, failed ones too."""
    from tabulate import tabulate

    from procluster.deploy.history import list_deployments

    with opened(target, config) as place:
        entries = list_deployments(place.connection, place.release, limit)
    if style == "json":
        rows = [dataclasses.asdict(one) for one in entries]
        click.echo(json.dumps(rows, indent=2, default=str, ensure_ascii=False))
        return
    if not entries:
        click.echo(f"Nothing was deployed to {place.target} yet.")
        return
    table = [
        (
            one.deployment_id, one.action, one.status, f"{one.started_at:%Y-%m-%d %H:%M:%S}",
            one.duration_ms, one.objects, one.login_name, one.host_name, one.tool_version,
        )
        for one in entries
    ]  # fmt: skip
    click.echo(tabulate(table, TITLES, disable_numparse=True))
    for one in entries:
        if one.message:
            click.echo(f"\n{one.deployment_id}: {one.message}")
