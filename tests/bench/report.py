"""The results as tables: on the terminal, and in docs/performance.md between its markers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tabulate import tabulate
from timing import Cell, Row

Results = Mapping[str, Sequence[Row]]
"""The rows of each table, by its name."""


def written(name: str, cell: Cell) -> str:
    """A cell as it is shown: four significant digits, ratios of inertia to five places."""
    if cell is None:
        return "-"
    if isinstance(cell, float) and "inertia ratio" in name:
        return f"{cell:.5f}"
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.4g}"
    return f"{cell:,}" if isinstance(cell, int) else cell


def table(rows: Sequence[Row], form: str) -> str:
    """One table; a column that no row has a value in is left out."""
    names = [name for name in rows[0] if any(row.get(name) is not None for row in rows)]
    cells = [[written(name, row.get(name)) for name in names] for row in rows]
    return str(tabulate(cells, headers=names, tablefmt=form, disable_numparse=True))


def save(results: Results, file: Path) -> None:
    """Write the results as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def fill(page: Path, results: Results) -> None:
    """Write each table behind its marker: <!-- bench: name -->."""
    text = page.read_text(encoding="utf-8")
    for name, rows in results.items():
        if not rows:
            continue
        filled = f"<!-- bench: {name} -->\n{table(rows, 'github')}\n<!-- end -->"
        pattern = rf"<!-- bench: {re.escape(name)} -->\n.*?<!-- end -->"
        text = re.sub(pattern, filled.replace("\\", r"\\"), text, flags=re.DOTALL)
    page.write_text(text, encoding="utf-8")
