from __future__ import annotations

import pytest
from recording import Run


@pytest.mark.parametrize(
    ("batch", "value"),
    [
        ("DECLARE @a int; SELECT @a", None),
        ("DECLARE @a int = 3; SET @a += 4; SELECT @a", 7),
        ("DECLARE @a nvarchar(3) = N'abcdef'; SELECT @a", "abc"),
        ("DECLARE @a int; SET @a = 2.9; SELECT @a", 2),
        ("DECLARE @A int = 1; SELECT @a", 1),
        ("IF 1 = 0 BEGIN DECLARE @a int = 1 END; SELECT @a", None),
        ("DECLARE @a int = 1, @b int = 5; SELECT @a = @b, @b = 6; SELECT @a * 10 + @b", 56),
        ("DECLARE @a int = 1; SELECT @a = v FROM (VALUES (2)) AS t(v) WHERE v > 9; SELECT @a", 1),
        ("DECLARE @a int = 1; SET @a = (SELECT 2 WHERE 1 = 0); SELECT @a", None),
        (("DECLARE @i int = 0; WHILE @i < 3 BEGIN DECLARE @n int; SET @n = ISNULL(@n, 0) + 1; "
         "SET @i += 1 END; SELECT @n"), 3),
    ],
)  # fmt: skip
def test_variable_value(run: Run, batch: str, value: object) -> None:
    assert run(batch).values == [value]


@pytest.mark.parametrize(
    ("batch", "number"),
    [
        ("PRINT 1; SELECT @a", 137),
        ("SET @a = 1", 137),
        ("SELECT @a; DECLARE @a int", 137),
        ("DECLARE @a int = @a", 137),
        ("DECLARE @a int; DECLARE @A int", 134),
        ("EXEC @s = sp_executesql N'PRINT 1'", 137),
    ],
)
def test_undeclared_variable_stops_the_batch_before_it_runs(
    run: Run, batch: str, number: int
) -> None:
    record = run(batch)
    assert (record.errors, record.texts, record.rows) == ([number], [], [])


@pytest.mark.parametrize(
    ("batch", "count"),
    [
        ("SELECT 1 UNION ALL SELECT 2; SELECT @@ROWCOUNT", 2),
        ("DECLARE @a int; SELECT 1 UNION ALL SELECT 2; SET @a = 1; SELECT @@ROWCOUNT", 1),
        ("SELECT 1 UNION ALL SELECT 2; PRINT 1; SELECT @@ROWCOUNT", 0),
        ("SELECT 1 UNION ALL SELECT 2; IF 1 = 1 SELECT @@ROWCOUNT", 0),
        ("DECLARE @a int; SELECT @a = v FROM (VALUES (1), (2)) AS t(v); SELECT @@ROWCOUNT", 2),
        ("SELECT 1 UNION ALL SELECT 2; BEGIN TRAN; COMMIT; SELECT @@ROWCOUNT", 0),
        ("EXEC (N'SELECT 1 UNION ALL SELECT 2'); SELECT @@ROWCOUNT", 2),
    ],
)
def test_rowcount_is_that_of_the_last_statement(run: Run, batch: str, count: int) -> None:
    assert run(batch).values[-1] == count


def test_nocount_sends_no_counts(run: Run) -> None:
    assert run("SELECT 1; SET NOCOUNT ON; SELECT 2").counts == [1]


@pytest.mark.parametrize("option", ["SET ANSI_NULLS OFF", "SET ROWCOUNT 5", "SET FOO ON"])
def test_option_that_would_change_answers_is_refused(run: Run, option: str) -> None:
    assert run(option).errors == [40510]


def test_option_at_its_only_value_is_accepted(run: Run) -> None:
    assert run("SET ANSI_NULLS, QUOTED_IDENTIFIER ON; SET TRANSACTION ISOLATION LEVEL "
               "READ COMMITTED").passed  # fmt: skip
