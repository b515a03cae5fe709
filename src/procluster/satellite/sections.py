r"""Sections of a script: which source file a line of its text came from.

A script often consists of several files pasted together. A line ``# ---- path/name.py`` begins a
section, whose first line is the next one; ``# ----`` alone ends it. An error in the script is
then reported with the file and line of its source, beside the line of the text. Anybody's script
may use these markers.
"""

from __future__ import annotations

import re

__all__ = ["locate"]

NEWLINE = re.compile(r"\r\n|\r|\n")
MARKER = re.compile(r"# ---- ?(.*?)\s*")


def locate(script: str, line: int) -> str | None:
    r"""Name and line of the source behind a line of a script, or None outside all sections.

    Parameters
    ----------
    line : int
        From 1.

    Examples
    --------
    >>> script = "import os\n# ---- app/indb/kmeans.py\nimport numpy\nx = 1 / 0\n"
    >>> locate(script, 4)
    'kmeans.py, line 2'
    >>> locate(script, 1)
    """
    lines = NEWLINE.split(script)[: line - 1]
    for number, text in reversed(list(enumerate(lines, start=1))):
        marker = MARKER.fullmatch(text)
        if marker:
            name = marker[1].rpartition("/")[2]
            return f"{name}, line {line - number}" if name else None
    return None
