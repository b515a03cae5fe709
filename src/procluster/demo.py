"""The demonstration: sample, deployment, and the procedures on the embedded engine, one by one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TextIO, cast

from procluster import catalog, sample, sampledata, tables, textfile
from procluster.console import Console
from procluster.deploy.apply import Permission, install
from procluster.deploy.embedded import EmbeddedConnection
from procluster.errors import DataError, ProclusterError
from procluster.formats import TableWriter
from procluster.generator.quoting import identifier
from procluster.local.results import ResultSet, RowCount
from procluster.progress import Progress
from procluster.tables import TableName

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from procluster.local.database import Session
    from procluster.local.results import Event
    from procluster.settings import Settings

__all__ = ["Demo"]

CHART = "chart"
"""Column of the result set that carries a picture."""

FLOAT_DIGITS = 6
LINE_WIDTH = 118
"""What a table may take of a line, so that a person sees it whole."""


@dataclass(frozen=True)
class Step:
    """One batch of the demonstration, and the file its picture goes to."""

    title: str
    sql: str
    picture: str | None = None


def steps(schema: str) -> tuple[Step, ...]:
    """Write the batches, with the procedures' schema quoted."""
    seg = identifier(schema)
    return (
        Step("Four features for each customer", f"EXEC {seg}.build_features;"),
        Step(
            "How many clusters?",
            "DECLARE @chart varbinary(max);\n"
            f"EXEC {seg}.choose_k @with_chart = 1, @chart = @chart OUTPUT;\n"
            f"SELECT @chart AS {CHART};",
            "elbow.png",
        ),
        Step(
            "Fit four clusters",
            "DECLARE @chart varbinary(max);\n"
            f"EXEC {seg}.train @n_clusters = 4, @with_chart = 1, @chart = @chart OUTPUT;\n"
            f"SELECT @chart AS {CHART};",
            "clusters.png",
        ),
        Step("Every customer to the nearest cluster", f"EXEC {seg}.assign;"),
        Step("Who they are", f"EXEC {seg}.profile;"),
    )


class Demo:
    """Runs the demonstration and prints each step with its T-SQL and its time.

    Parameters
    ----------
    session : Session
    settings : Settings
    pictures : Path
        Folder for elbow.png and clusters.png.
    out, err : text streams
        Results go to `out`; errors and, on a terminal, the progress line to `err`.
    """

    def __init__(
        self, session: Session, settings: Settings, pictures: Path, out: TextIO, err: TextIO
    ) -> None:
        self._session = session
        self._settings = settings
        self._pictures = pictures
        self._out = out
        self._err = err
        self._progress = Progress(err)
        self._steps = steps(settings.schema)
        self._number = 0

    def run(self) -> None:
        """Run all steps.

        Raises
        ------
        ProclusterError
            A step failed; what it said is printed already.
        """
        self._timed("Data", "", self._lay_out)
        self._timed("Stored procedures", "", self._deploy)
        for step in self._steps:
            self._timed(step.title, step.sql, partial(self._execute, step))

    def _timed(self, title: str, sql: str, act: Callable[[], None]) -> None:
        self._number += 1
        self._say(f"\n[{self._number}/{2 + len(self._steps)}] {title}")
        for line in sql.splitlines():
            self._say(f"    {line}")
        if sql:
            self._say("")
        start = time.monotonic()
        with self._progress.during(title):
            act()
        self._say(f"    {time.monotonic() - start:.1f} s")

    def _lay_out(self) -> None:
        """Generate the sample, unless the mapped tables are there: then those are used."""
        mapped = (self._settings.sales, self._settings.returns, self._settings.contacts)
        names = [TableName(one.schema, one.table) for one in mapped]
        missing = [name for name in names if not tables.exists(self._session, name)]
        own = {TableName.parse(one.name) for one in sample.TABLES}
        if missing and not own.issuperset(names):
            raise DataError(
                f"{', '.join(map(str, missing))}: not in this database, and procluster.toml maps "
                "it. Make it first: procluster load TABLE FILE."
            )
        if missing:
            filled = [(one.table, one.rows) for one in sampledata.install(self._session)]
            note = sample.NOTICE
        else:
            filled = [(name, tables.count(self._session, name)) for name in names]
            note = "They were there already and are used as they are."
        for table, rows in filled:
            self._say(f"    {table!s:20} {rows:>9,} rows")
        self._say(f"    {note}")

    def _deploy(self) -> None:
        release = catalog.release(self._settings)
        install(EmbeddedConnection(self._session), release, Permission(overwrite_drift=True))
        count = len(release.scripts)
        self._say(f"    {count} objects; procluster deploy brings them to SQL Server")

    def _execute(self, step: Step) -> None:
        writer = TableWriter(self._out, float_digits=FLOAT_DIGITS, line_width=LINE_WIDTH)
        console = Console(writer, self._out, self._err, self._progress)
        picture: list[bytes | None] = []

        def receive(event: Event) -> None:
            if isinstance(event, ResultSet) and [one.name for one in event.columns] == [CHART]:
                picture.append(cast("bytes | None", event.rows()[0][0]))
            elif not isinstance(event, RowCount):
                console.receive(event)

        if not self._session.execute(step.sql, receive):
            raise ProclusterError(f"demo: step {self._number} failed, with the error above.")
        if step.picture:
            self._save(self._pictures / step.picture, picture[-1] if picture else None)

    def _save(self, path: Path, image: bytes | None) -> None:
        if image is None:
            self._say(f"\n    {path.name}: no picture, matplotlib is not installed")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with textfile.naming(path):
            path.write_bytes(image)
        self._say(f"\n    {path} written")

    def _say(self, line: str) -> None:
        with self._progress.paused():
            self._out.write(line + "\n")
            self._out.flush()
