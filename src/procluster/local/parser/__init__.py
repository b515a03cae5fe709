"""T-SQL text to the tree of :mod:`procluster.local.syntax`."""

from __future__ import annotations

from functools import lru_cache

from procluster.local.parser._statements import StatementParser
from procluster.local.syntax import Parameter, Statement

__all__ = ["parse_batch", "parse_parameters"]


@lru_cache(maxsize=256)
def parse_batch(text: str) -> tuple[Statement, ...]:
    """Parse one batch, which holds no GO; the last texts are remembered, trees never change.

    Raises
    ------
    SyntaxRefusal
        The text is not T-SQL; number, line and column as SQL Server gives them.
    Refusal
        It is T-SQL that the embedded engine does not run.

    Examples
    --------
    >>> [type(statement).__name__ for statement in parse_batch("PRINT 1; SELECT a FROM t")]
    ['Print', 'QueryStatement']
    """
    return StatementParser(text).batch()


@lru_cache(maxsize=256)
def parse_parameters(text: str) -> tuple[Parameter, ...]:
    """Parse the ``@params`` of sp_executesql and sp_execute_external_script.

    Examples
    --------
    >>> [str(parameter.type) for parameter in parse_parameters("@a int, @b nvarchar(9) OUTPUT")]
    ['int', 'nvarchar(9)']
    """
    return StatementParser(text).parameters_to_end()
