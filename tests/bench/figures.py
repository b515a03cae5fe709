"""How time grows with the vectors, as a picture beside docs/performance.md."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from timing import Row


def draw_growth(rows: Sequence[Row], file: Path) -> None:
    """Draw the seconds of each step over the distinct vectors, both logarithmic.

    The dotted lines are what exactly linear growth would be from the first point. The file's
    description has the rows.
    """
    vectors = [float(str(row["distinct vectors"])) for row in rows]
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    panel = figure.subplots()
    for name in rows[0]:
        if not name.endswith(" s"):
            continue
        known = [(n, float(str(row[name]))) for n, row in zip(vectors, rows, strict=True)]
        (line,) = panel.plot(*zip(*known, strict=True), "o-", label=name.removesuffix(" s"))
        linear = [known[0][1] * n / known[0][0] for n in vectors]
        panel.plot(vectors, linear, ":", color=line.get_color(), linewidth=1)
    panel.set(xscale="log", yscale="log", xlabel="Distinct vectors", ylabel="Seconds")
    panel.set_title("Dotted: growing as the vectors do", fontsize="medium")
    panel.legend(frameon=False)
    panel.spines[["top", "right"]].set_visible(False)
    # The same rows give the same file: no date, no random ids.
    with mpl.rc_context({"svg.hashsalt": "growth", "svg.fonttype": "none"}):
        figure.savefig(file, metadata={"Date": None, "Description": json.dumps(rows)})
    file.write_text(re.sub(r" +$", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE))
