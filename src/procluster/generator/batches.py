"""Batches → one .sql file that sqlcmd and Management Studio run: all of it, or nothing.

A batch that fails rolls everything back: XACT_ABORT sees to it, and @@ERROR catches one that does
not even compile, which XACT_ABORT does not see. The batches behind it are read and not run
(NOEXEC), for they would run outside the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from markupsafe import Markup

__all__ = ["END", "SESSION_SETTINGS", "START", "file_text", "transaction"]

# sqlcmd connects with QUOTED_IDENTIFIER OFF, a module keeps the setting it was created under,
# and writing to a table with a filtered index needs ON (Msg 1934).
SESSION_SETTINGS: Final = "SET ANSI_NULLS, QUOTED_IDENTIFIER ON;\n"

START: Final = f"SET NOEXEC OFF;\n{SESSION_SETTINGS}SET NOCOUNT, XACT_ABORT ON;\n"
"""The first batch of a file, in front of its transaction."""

END: Final = "SET NOEXEC OFF;\n"
"""The last one, which runs after a failure too."""

GUARD: Final = """IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
"""


def file_text(batches: Iterable[str]) -> str:
    r"""Batches as one file.

    Examples
    --------
    >>> file_text(["PRINT 1;", "PRINT 2;\n"])
    'PRINT 1;\nGO\n\nPRINT 2;\nGO\n'
    """
    return "\n".join(
        f"{batch}GO\n" if batch.endswith("\n") else f"{batch}\nGO\n" for batch in batches
    )


def transaction(batches: Iterable[str], said: Markup) -> Iterator[str]:
    """The batches in a transaction of their own, between START and END.

    Parameters
    ----------
    batches : iterable of str
        None of them may end the transaction.
    said : Markup
        What is printed when all of it is done, a literal.
    """
    yield "BEGIN TRANSACTION;\n"
    for batch in batches:
        yield GUARD
        yield batch
    yield GUARD
    yield f"COMMIT TRANSACTION;\nPRINT {said};\n"
