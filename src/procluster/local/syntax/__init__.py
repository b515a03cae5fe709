"""The shape of T-SQL: what the parser makes and what the interpreter and the translator read.

One frozen dataclass per construct, named as SQL Server's documentation names it; nothing here has
behaviour. The parser makes a node by its name in the grammar, so a field is named once, there.
"""

from procluster.local.syntax.node import *  # noqa: F403 - all of them is what is meant
from procluster.local.syntax.queries import *  # noqa: F403
from procluster.local.syntax.statements import *  # noqa: F403
