"""The embedded engine: our stored procedures with no server (DuckDB tables, T-SQL on top).

A batch goes down this list, and what it gives comes up again; a module imports what stands below
it (``[tool.importlinter]`` in pyproject.toml holds that).

``database``, ``session``
    From outside: a file, opened once for all, and what one client does with it.
``tables``, ``definitions``, ``procedures``, ``control_flow``, ``execution``, ``messaging``
    Statements, each a function registered by the node it runs.
``session_functions``, ``system_views``
    What queries ask of the session and of the catalog, registered by name.
``arguments``, ``interpreter``, ``frame``, ``engine``
    What a procedure is called with; one statement after the other and its errors; the names of
    one level; the session's state.
``connection``, ``transaction``, ``change_log``, ``catalog``, ``stored``, ``locks``
    DuckDB, and what it does not keep: T-SQL's transactions, definitions, locks.
``translate``
    A query to DuckDB SQL, typed by SQL Server's rules; nothing is run there.
``parser``, ``actions``, ``expressions``, ``reader``, ``lexer``, ``words``; ``grammar``, ``rules``
    Text to the tree of ``syntax``, by a grammar.
``messages``, ``results``, ``types``, ``quoting``, ``registry``
    Errors by number, what a batch gives, data types; the only quoting; what is registered.

A function, view, procedure, statement or error is added in one place, where its like stand; the
rule book (docs/embedded-engine.md) then misses its case, and a test says so. External scripts run
in :mod:`procluster.satellite`; SQL Server's clients connect through :mod:`procluster.tds`.
"""
