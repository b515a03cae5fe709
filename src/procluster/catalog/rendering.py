"""The application rendered: some of its scripts, or all of them as they are deployed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from procluster import __version__
from procluster.catalog.context import context
from procluster.catalog.environment import bundled, templates
from procluster.catalog.objects import ROLES, choose, deployed_name
from procluster.deploy.release import Release
from procluster.generator.quoting import identifier
from procluster.generator.render import Script
from procluster.generator.render import render as render_template
from procluster.settings import Settings


def render(settings: Settings, names: Sequence[str] = ()) -> tuple[Script, ...]:
    """The scripts of all objects, or of the named ones, in the order of deployment.

    Parameters
    ----------
    settings : Settings
    names : sequence of str
        ``train`` or ``seg.train`` (with the schema of the settings), any letter case.

    Raises
    ------
    RenderError
        Names that are no objects (all of them at once), or a name that cannot be quoted.

    Examples
    --------
    >>> [script.file_name for script in render(Settings(), ["models", "seg.run"])]
    ['seg.run.table.sql', 'seg.models.procedure.sql']
    """
    chosen = choose(settings, names)
    found = templates()
    given = context(settings)
    return tuple(
        Script(
            name=deployed_name(settings, one),
            kind=one.kind,
            text=render_template(
                found,
                one.template,
                {**given, "bundle": partial(bundled, one.modules)},
            ),
        )
        for one in chosen
    )


def release(settings: Settings) -> Release:
    """Everything, as it is deployed."""
    seg = identifier(settings.schema)
    smoke = [f"EXEC {seg}.{name};" for name in ("help", "models")]
    smoke += [f"SELECT TOP (1) * FROM {seg}.{name};" for name in ("centroid", "customer_feature")]
    smoke.append(f"SELECT * FROM {seg}.classify(0, 0, 0, 0);")
    return Release(settings.schema, render(settings), ROLES, __version__, tuple(smoke))
