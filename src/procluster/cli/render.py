"""procluster render: T-SQL as files."""

from __future__ import annotations

from pathlib import Path

import click

from procluster.cli.settings import config_option

__all__ = ["render"]


@click.command(
    epilog="""
\b
Examples:
  procluster render
  procluster render seg.train seg.assign --out review
"""
)
@click.argument("objects", metavar="[OBJECT]...", nargs=-1)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("rendered"),
    show_default=True,
    help="Folder for the files; it is made if it is missing.",
)
@config_option
def render(objects: tuple[str, ...], out: Path, config: Path | None) -> None:
    """Write the T-SQL of the stored procedures.

    One file for every OBJECT, or for all of them, and install.sql with all of these in order, for
    Management Studio and sqlcmd. With all of them also uninstall.sql and agent_job.sql.
    """
    from procluster import catalog, settings, textfile
    from procluster.files import files
    from procluster.generator.render import install_script

    mapped = settings.load(config)
    scripts = catalog.render(mapped, objects)
    texts = {one.file_name: one.file_text for one in scripts}
    texts |= {"install.sql": install_script(scripts)} if objects else files(mapped)
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        textfile.write(out / name, text)
        click.echo(str(out / name))
