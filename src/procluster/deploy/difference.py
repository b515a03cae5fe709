"""Two texts held against each other, line by line."""

from __future__ import annotations

import difflib

__all__ = ["difference"]


def difference(name: str, was: str, before: str | None, becomes: str, after: str | None) -> str:
    r"""The unified diff of two texts of one object; empty when their lines are the same.

    Examples
    --------
    >>> print(difference("seg.v", "recorded", "a\nb", "there", "a\nc"))
    --- seg.v (recorded)
    +++ seg.v (there)
    @@ -1,2 +1,2 @@
     a
    -b
    +c
    """
    lines = difflib.unified_diff(
        (before or "").splitlines(),
        (after or "").splitlines(),
        f"{name} ({was})",
        f"{name} ({becomes})",
        lineterm="",
    )
    return "\n".join(lines)
