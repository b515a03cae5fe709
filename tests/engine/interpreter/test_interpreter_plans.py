"""A statement that runs again is not compiled again, unless its names mean something else."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from recording import Run

from procluster.local.database import Database
from procluster.local.frame import Frame
from procluster.local.parser import parse_batch
from procluster.local.syntax import Node
from procluster.local.translate import Compiled, Names, Plans, compile_query

TABLE = "CREATE TABLE dbo.t (a int NULL); INSERT INTO dbo.t (a) VALUES (6);"


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("CREATE TABLE dbo.t (a varchar(9) NULL); INSERT INTO dbo.t (a) VALUES ('7')", "71"),
        ("CREATE TABLE dbo.t (a decimal(9, 2) NULL); INSERT INTO dbo.t (a) VALUES (7)", "8.00"),
        ("EXEC (N'CREATE VIEW dbo.t AS SELECT 8 AS a')", "9"),
    ],
)
def test_statement_sees_a_changed_table(run: Run, change: str, value: str) -> None:
    statement = "SELECT CAST(a + '1' AS varchar(9)) FROM dbo.t"
    if "decimal" in change:
        statement = "SELECT CAST(a + 1 AS varchar(9)) FROM dbo.t"
    run(TABLE)
    run(statement)
    run(f"DROP TABLE dbo.t; {change}")

    assert run(statement).values == [value]


@pytest.mark.parametrize("kind", ["VIEW dbo.v", "FUNCTION dbo.v() RETURNS TABLE"])
def test_statement_sees_a_changed_module(run: Run, kind: str) -> None:
    statement = f"SELECT a FROM dbo.v{'()' * ('FUNCTION' in kind)}"
    run(f"CREATE {kind} AS {'RETURN ' * ('FUNCTION' in kind)}(SELECT 1 AS a)")
    before = run(statement).values
    run(f"ALTER {kind} AS {'RETURN ' * ('FUNCTION' in kind)}(SELECT 2 AS a)")

    assert (before, run(statement).values) == ([1], [2])


def test_statement_sees_the_temp_table_of_its_level(run: Run) -> None:
    text = "EXEC (N'SELECT a + a FROM #t')"
    run(f"CREATE PROCEDURE dbo.p AS CREATE TABLE #t (a int); INSERT #t (a) VALUES (1); {text}")
    run(
        f"CREATE PROCEDURE dbo.q AS CREATE TABLE #t (a char(1)); INSERT #t (a) VALUES ('1'); {text}"
    )

    assert run("EXEC dbo.p; EXEC dbo.q; EXEC dbo.p").values == [2, "11", 2]


def test_insert_has_the_default_of_now(run: Run) -> None:
    statement = "INSERT INTO dbo.t (a) VALUES (DEFAULT)"
    run("CREATE TABLE dbo.t (a int NULL CONSTRAINT df_t DEFAULT (1))")
    run(statement)
    run("DROP TABLE dbo.t; CREATE TABLE dbo.t (a int NULL CONSTRAINT df_t DEFAULT (2))")
    run(statement)

    assert run("SELECT a FROM dbo.t").values == [2]


def test_statement_has_its_parameters_of_now(run: Run) -> None:
    calls = (("nvarchar(9)", "N'1'"), ("int", "1"), ("int", "11"), ("int", "NULL"))
    text = "EXEC sp_executesql N'SELECT @a + @a', N'@a {}', @a = {}"

    values = [run(text.format(kind, value)).values for kind, value in calls]

    assert values == [["11"], [2], [22], [None]]


def test_statement_has_the_constants_of_now(run: Run) -> None:
    convert = "SELECT CONVERT(varchar(10), CAST(''20240229'' AS date), @style)"
    text = f"EXEC sp_executesql N'{convert}', N'@style int', @style = "

    assert [run(f"{text}{style}").values for style in (101, 112)] == [["02/29/2024"], ["20240229"]]


def test_statement_reads_the_session_anew(run: Run) -> None:
    statement = "SELECT @@ROWCOUNT"
    run("SELECT 1 AS x WHERE 1 = 0")
    before = run(statement).values
    run("SELECT 1 AS x UNION ALL SELECT 2")

    assert (before, run(statement).values) == ([0], [2])


def test_statement_reads_the_clock_anew(run: Run) -> None:
    statement = "DECLARE @n int = 0; WHILE @n < 2 BEGIN SELECT SYSDATETIME(); SET @n += 1 END"

    first, second = run(statement).values

    assert first != second


def test_temp_table_made_again_has_its_plan_again(run: Run, database: Database) -> None:
    run("CREATE PROCEDURE dbo.p AS SELECT 1 AS a INTO #t; SELECT a + 1 FROM #t")
    session = database.connect()
    session.query("EXEC dbo.p")
    before = dict(session._engine.plans._kept)

    session.query("EXEC dbo.p")

    assert list(session._engine.plans._kept.values()) == list(before.values())


def test_temp_table_of_an_ended_level_is_made_again_after_rollback(run: Run) -> None:
    run("CREATE PROCEDURE dbo.p AS SELECT 1 AS a INTO #t; BEGIN TRAN; SELECT a FROM #t")
    run("EXEC dbo.p; ROLLBACK")

    assert run("EXEC dbo.p; ROLLBACK").values == [1]


def test_constant_is_computed_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    session = database.connect()
    execute = Mock(side_effect=session._engine.execute)
    monkeypatch.setattr(session._engine, "execute", execute)

    session.query("DECLARE @n int = 0, @a int; WHILE @n < 2 BEGIN SET @a = 7; SET @n += 1 END")

    assert sum("7" in call.args[0] for call in execute.call_args_list) == 1


@pytest.mark.parametrize("source", ["(SELECT 1 AS x) AS t", "dbo.v", "dbo.f(1)"])
def test_plan_is_used_again(database: Database, source: str) -> None:
    session = database.connect()
    session.query("EXEC (N'CREATE VIEW dbo.v AS SELECT 1 AS x')")
    session.query("EXEC (N'CREATE FUNCTION dbo.f (@x int) RETURNS TABLE AS RETURN SELECT @x AS x')")
    (tree,) = parse_batch(f"SELECT x FROM {source}")
    frame = Frame(session._engine)
    compiled: list[Node] = []

    def compile_noted(node: Node, names: Names) -> Compiled:
        compiled.append(node)
        return compile_query(node, names)  # type: ignore[arg-type]

    plans = Plans()
    plans.compile(compile_noted, tree, frame)
    plans.compile(compile_noted, tree, frame)

    assert compiled == [tree]
