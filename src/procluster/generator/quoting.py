"""The only quoting in the project: identifiers, string literals, trusted text.

Each filter returns :class:`markupsafe.Markup`, Jinja's mark for text that may enter the output as
it is; the environment in :mod:`procluster.generator.render` refuses everything else. So a value
that nobody quoted cannot reach a script.
"""

from __future__ import annotations

import re

from markupsafe import Markup

from procluster.errors import RenderError
from procluster.reserved import RESERVED_WORDS

__all__ = ["identifier", "identifier_fault", "literal", "text_value", "trusted"]

IDENTIFIER_LENGTH = 128

# "Database identifiers", rules for regular identifiers; ASCII only, because what counts as a
# letter beyond it depends on the server's Unicode version.
_REGULAR = re.compile(r"[A-Za-z_][A-Za-z0-9_@$#]*\Z")
_CONTINUED = re.compile(r"\\\r?\n")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def identifier_fault(name: str) -> str | None:
    """What makes a name unusable as a T-SQL identifier, or None.

    SQL Server takes 1 to 128 UTF-16 units of anything but NUL between brackets (sysname). A name
    that begins or ends with a space, holds a comment mark or a control character is legal there
    and never meant, so it is refused here; so is ``$(``, where sqlcmd puts in a variable.

    Examples
    --------
    >>> identifier_fault("customer"), identifier_fault("a]b")
    (None, None)
    >>> identifier_fault("")
    'is empty'
    """
    units = len(name.encode("utf-16-le", "surrogatepass")) // 2
    rules = {
        "is empty": not name,
        f"has {units} characters": units > IDENTIFIER_LENGTH,
        "holds a control character": _CONTROL.search(name) is not None,
        "holds half of a surrogate pair": _SURROGATE.search(name) is not None,
        "begins or ends with a space": name != name.strip(),
        "holds a comment mark": "/*" in name or "*/" in name,
        "holds a variable of sqlcmd": "$(" in name,
    }
    return next((fault for fault, found in rules.items() if found), None)


def identifier(name: str) -> Markup:
    """A name as T-SQL writes it: bare where that is safe, bracketed otherwise.

    Raises
    ------
    RenderError
        The name cannot be an identifier.

    Examples
    --------
    >>> print(identifier("ss_item_sk"), identifier("order"), identifier("a]b c"))
    ss_item_sk [order] [a]]b c]
    """
    fault = identifier_fault(name)
    if fault:
        raise RenderError(
            f"identifier: {name!r} {fault}. Allowed: 1 to {IDENTIFIER_LENGTH} characters, "
            "no control characters, comment marks or $(, no space at either end."
        )
    if _REGULAR.match(name) and name.upper() not in RESERVED_WORDS:
        return Markup(name)  # noqa: S704 - checked above
    return Markup("[" + name.replace("]", "]]") + "]")  # noqa: S704 - quoted here


def literal(text: str) -> Markup:
    """A text as one N'...' literal, however long and whatever it holds.

    One literal, never a concatenation: SQL Server truncates concatenated short literals at 4,000
    characters, and takes a single longer one as nvarchar(max).

    Raises
    ------
    RenderError
        The text holds NUL, which ends a script inside the external runtime, or a line that ends
        with a backslash, which T-SQL drops together with the line break ("Line continuation").

    Examples
    --------
    >>> print(literal("it's"))
    N'it''s'
    """
    if "\0" in text:
        raise RenderError(f"literal: {text[:40]!r} holds a NUL character. Remove it.")
    if _CONTINUED.search(text):
        raise RenderError(
            "literal: a line ends with a backslash, which T-SQL takes out of a string. "
            "Write the line in one, or in brackets."
        )
    return Markup("N'" + str(text).replace("'", "''") + "'")  # noqa: S704 - quoted here


def text_value(text: str) -> Markup:
    """Any text as one expression of type nvarchar(max), lines that end with a backslash too.

    Examples
    --------
    >>> print(text_value("it's"))
    N'it''s'
    """
    pieces = re.split(r"(?<=\\)(?=\r?\n)", text)
    if len(pieces) == 1:
        return literal(text)
    # An empty nvarchar(max) in front: nothing is cut at 4,000 characters then.
    values = ", ".join(map(literal, pieces))
    return Markup(f"CONCAT(CAST(N'' AS nvarchar(max)), {values})")  # noqa: S704 - quoted here


def trusted(text: str) -> Markup:
    """T-SQL written in this package (never by a user) that enters a script as it is."""
    return Markup(text)  # noqa: S704 - the caller vouches for it
