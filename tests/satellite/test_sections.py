from __future__ import annotations

import pytest

from procluster.satellite.sections import locate

SCRIPT = "top\n# ---- a/one.py\nfirst\nsecond\n# ---- two.py  \nfirst\n# ----\nend\n"


@pytest.mark.parametrize(
    ("line", "source"),
    [
        (1, None),
        (2, None),
        (3, "one.py, line 1"),
        (4, "one.py, line 2"),
        (6, "two.py, line 1"),
        (8, None),
    ],
)
def test_section_of_a_line(line: int, source: str | None) -> None:
    assert locate(SCRIPT, line) == source


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_section_counts_lines_as_python_does(newline: str) -> None:
    script = newline.join(["# ---- a.py", "x\f\u2028", "y"])

    assert locate(script, 3) == "a.py, line 2"


@pytest.mark.parametrize("text", ["  # ---- a.py", "#---- a.py", "x  # ---- a.py", "# --- a.py"])
def test_section_marker_is_a_line_of_its_own(text: str) -> None:
    assert locate(f"{text}\nx", 2) is None
