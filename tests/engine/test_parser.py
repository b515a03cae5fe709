from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from procluster.errors import Refusal, SqlError, SyntaxRefusal
from procluster.local import syntax
from procluster.local.parser import parse_batch, parse_parameters
from procluster.local.words import UNSUPPORTED_WORDS

MAXDOP = Path(sys.executable).with_name("maxdop")
STATEMENTS = Path(__file__).with_name("statements.sql").read_text(encoding="utf-8").splitlines()
"""Statements of every kind that T-SQL has, one a line."""


def parse_one(text: str) -> syntax.Statement:
    (statement,) = parse_batch(text)
    return statement


def expression(text: str) -> str:
    """An expression in full brackets."""
    statement = parse_one(f"SELECT {text}")
    assert isinstance(statement, syntax.Query)
    assert isinstance(statement.body, syntax.Select)
    return shown(statement.body.items[0].expression)


def condition(text: str) -> str:
    statement = parse_one(f"IF {text} PRINT 1")
    assert isinstance(statement, syntax.If)
    return shown(statement.condition)


def shown(node: object) -> str:
    if isinstance(node, (syntax.Binary, syntax.Logic, syntax.Comparison)):
        return f"({shown(node.left)} {node.operator} {shown(node.right)})"
    if isinstance(node, syntax.Unary):
        return f"({node.operator}{shown(node.operand)})"
    if isinstance(node, syntax.Negation):
        return f"(NOT {shown(node.operand)})"
    if isinstance(node, syntax.Literal):
        return node.value
    if isinstance(node, syntax.ColumnRef):
        return ".".join(node.parts)
    return type(node).__name__


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1 + 2 * 3", "(1 + (2 * 3))"),
        ("1 - 2 - 3", "((1 - 2) - 3)"),
        ("(1 - 2) * 3", "((1 - 2) * 3)"),
        ("1 | 2 + 3", "((1 | 2) + 3)"),
        ("-1 * 2", "(-(1 * 2))"),
        ("-100.0/-100.0*10.0", "(-(100.0 / (-(100.0 * 10.0))))"),
        ("~1 * 2", "((~1) * 2)"),
        ("2 - -3", "(2 - (-3))"),
    ],
)
def test_operators_bind_as_documented(text: str, tree: str) -> None:
    assert expression(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a = 1 OR b = 2 AND c = 3", "((a = 1) OR ((b = 2) AND (c = 3)))"),
        ("NOT a = 1 AND b = 2", "((NOT (a = 1)) AND (b = 2))"),
        ("(a + 1) * 2 > 3", "(((a + 1) * 2) > 3)"),
        ("((a = 1) AND (b = 2))", "((a = 1) AND (b = 2))"),
        ("a != 1", "(a <> 1)"),
        ("a !< 1", "(a >= 1)"),
        ("a > = 1", "(a >= 1)"),
        (
            "a NOT BETWEEN 1 AND 2 AND b = 3",
            "((NOT ((a >= 1) AND (a <= 2))) AND (b = 3))",
        ),
        ("a IN (1, 2) OR EXISTS (SELECT 1)", "(InList OR Exists)"),
        ("a IN (SELECT 1)", "InQuery"),
        ("(SELECT 1) = 1", "(ScalarQuery = 1)"),
    ],
)
def test_conditions_bind_as_documented(text: str, tree: str) -> None:
    assert condition(text) == tree


def test_place_of_a_node_is_where_it_starts() -> None:
    statement = parse_batch("PRINT 1\n  SELECT a")[1]
    assert statement.at == syntax.Position(2, 3)


def test_parameters_are_read_alone() -> None:
    first, second = parse_parameters("@a decimal(5, 2) = -1, @b varchar(max) OUT")
    assert (str(first.type), shown(first.value), second.output) == (
        "decimal(5, 2)",
        "(-1)",
        True,
    )


@pytest.mark.parametrize(("text", "kind"), [("CAST(1 AS varchar)", 30), ("CONVERT(nchar, 1)", 30)])
def test_cast_without_length_means_thirty(text: str, kind: int) -> None:
    statement = parse_one(f"SELECT {text}")
    assert isinstance(statement, syntax.Query)
    assert isinstance(statement.body, syntax.Select)
    cast = statement.body.items[0].expression
    assert isinstance(cast, syntax.Cast)
    assert cast.target.size == kind


ACCEPTED = """
SELECT TOP (5) a AS x, [b c], t.*, 'y' = 1, z = 2, "q" FROM dbo.t AS t WITH (NOLOCK)
ORDER BY a DESC

SELECT * FROM a, b LEFT OUTER JOIN c ON a.i = c.i CROSS JOIN d CROSS APPLY (SELECT 1 AS o) AS e

SELECT * FROM a JOIN b JOIN c ON b.i = c.i ON a.i = b.i

SELECT * FROM (a JOIN b ON a.i = b.i) WHERE a.x LIKE N'%!_%' ESCAPE N'!'

SELECT * FROM (VALUES (1, 2), (3, 4)) AS v(a, b) OUTER APPLY OPENJSON(a, N'$.x') WITH (c int
N'$.c', d nvarchar(max) AS JSON) AS j

(SELECT 1 AS a UNION ALL SELECT 2) EXCEPT SELECT 3 ORDER BY a OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY

WITH a (x) AS (SELECT 1), b AS (SELECT x FROM a) SELECT * FROM b

WITH a AS (SELECT 1 AS x) UPDATE t SET x = a.x FROM t JOIN a ON a.x = t.x

SELECT COUNT(DISTINCT a), SUM(b) OVER (PARTITION BY c ORDER BY d ROWS BETWEEN 2 PRECEDING AND
CURRENT ROW) FROM t GROUP BY a, b HAVING COUNT(*) > 1

SELECT STRING_AGG(a, N',') WITHIN GROUP (ORDER BY b), PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY
a) OVER (PARTITION BY b) FROM t

SELECT CASE a WHEN 1 THEN 2 END, CASE WHEN a = 1 THEN 2 ELSE 3 END, IIF(a = 1, 2, 3), COALESCE(a,
b), NULLIF(a, b), LEFT(a, 1)

SELECT CURRENT_TIMESTAMP, DATEADD(day, 1, @d), TRY_CONVERT(int, a, 1), CONVERT(nvarchar(30), @f,
3), TRY_CAST(a AS decimal(5, 2))

DECLARE @a int = 1, @b nvarchar(max), @c AS float

CREATE TABLE #t (a int IDENTITY(1, 1) PRIMARY KEY, b nvarchar(9) NOT NULL DEFAULT (N'x'), UNIQUE
(b), CHECK (a > 0))

SET @a += 1; SET NOCOUNT, XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED

IF @a = 1 PRINT 1; ELSE IF @a = 2 BEGIN PRINT 2; END ELSE PRINT 3

WHILE 1 = 1 BEGIN IF @a > 3 BREAK; CONTINUE END

BEGIN TRY SELECT 1 END TRY BEGIN CATCH; THROW END CATCH

BEGIN TRY EXEC p END TRY BEGIN CATCH END CATCH

THROW 50001, N'm', 1

RAISERROR(N'%s', 16, 1, @a) WITH NOWAIT, LOG

BEGIN TRANSACTION; COMMIT TRAN; ROLLBACK WORK; BEGIN TRAN t; COMMIT TRAN t

EXEC @s = dbo.p 1, -2, N'x', @v OUTPUT, word, DEFAULT, NULL

EXEC p @a = 1, @b = @c OUT WITH RESULT SETS ((a int, b nvarchar(9) NOT NULL), (c float NULL))

EXECUTE (N'SELECT 1' + @x)

EXEC p WITH RESULT SETS NONE

INSERT INTO t (a, b) VALUES (1, DEFAULT), (2, 3)

INSERT t DEFAULT VALUES

INSERT INTO #t EXEC dbo.p 1

INSERT INTO t WITH (TABLOCK) (a) SELECT 1

UPDATE x SET x.a = 1, b += 2 FROM dbo.t AS x WHERE a = 1

DELETE FROM x FROM dbo.t AS x WHERE a = 1

DELETE t

TRUNCATE TABLE dbo.t

CREATE TABLE dbo.t (a int NOT NULL CONSTRAINT pk PRIMARY KEY CLUSTERED, b float NULL CONSTRAINT df
DEFAULT -1.5, CONSTRAINT fk FOREIGN KEY (a) REFERENCES dbo.u (a) ON DELETE NO ACTION, CONSTRAINT
ck CHECK (b > 0 OR b IS NULL), CONSTRAINT uq UNIQUE NONCLUSTERED (b DESC))

CREATE UNIQUE NONCLUSTERED INDEX ix ON dbo.t (a DESC, b) INCLUDE (c) WHERE a = 1

ALTER TABLE dbo.t ADD c int NULL, CONSTRAINT ck2 CHECK (c > 1)

ALTER TABLE dbo.t DROP CONSTRAINT ck2, ck

DROP TABLE IF EXISTS dbo.t, #u

DROP INDEX ix ON dbo.t

CREATE OR ALTER PROCEDURE dbo.p (@a int = NULL OUTPUT, @b nvarchar(9) = word) WITH RECOMPILE,
EXECUTE AS OWNER AS SET NOCOUNT ON; SELECT 1

CREATE VIEW dbo.v (a) WITH SCHEMABINDING AS SELECT 1

CREATE FUNCTION dbo.f (@a int) RETURNS TABLE AS RETURN (WITH c AS (SELECT 1 AS x) SELECT x FROM c)

CREATE SCHEMA s AUTHORIZATION dbo

CREATE ROLE r; ALTER ROLE r ADD MEMBER u; DROP ROLE r

GRANT EXECUTE, SELECT ON SCHEMA::s TO r, public

REVOKE EXECUTE ANY EXTERNAL SCRIPT FROM r; DENY SELECT ON OBJECT::s.t TO r

dbo.p 1, 2

SELECT 1 AS a INTO #t UNION ALL SELECT 2

WITH c AS (SELECT 1 AS x) SELECT x INTO dbo.t FROM c

SELECT precision, type, name, state FROM sys.columns OPTION (RECOMPILE)
""".strip().split("\n\n")

REJECTED = """
SELECT
SELECT 1 FROM
SELECT a b c
SELECT t.* a FROM t
SELECT 1,
SELECT (1 = 1)
SELECT a = 1 = 2
SELECT * FROM t WHERE 1
SELECT * FROM t WHERE a =
SELECT * FROM (SELECT 1 AS a)
SELECT * FROM t GROUP a
SELECT 1 ORDER 1
SELECT CASE END
SELECT IIF(a = 1, 2) FROM t
SELECT IIF(a = 1, 2, 3, 4) FROM t
SELECT COUNT(
SELECT TOP a FROM t
SELECT 1 AS a UNION SELECT 2 INTO #t
SELECT * FROM (SELECT 1 AS a INTO #t) AS x
INSERT INTO t SELECT 1 INTO u
IF 1 = 1
IF 1 = 1; PRINT 1
BEGIN END
BEGIN PRINT 1
BEGIN TRY PRINT 1 END TRY
BEGIN TRY PRINT 1 END TRY; BEGIN CATCH END CATCH
BEGIN TRY END TRY BEGIN CATCH END CATCH
PRINT
DECLARE a int
DECLARE @a
SET @a
SET @a == 1
EXEC
EXEC p 1 + 1
EXEC p f(1)
EXEC p @a = 1, 2
EXEC p 1,
INSERT INTO
INSERT INTO t VALUES
UPDATE t
UPDATE t SET
UPDATE t SET a
COMMIT t
DELETE
CREATE TABLE t
CREATE TABLE t ()
CREATE TABLE t (a)
CREATE TABLE t (a int NOT)
CREATE PROCEDURE p
CREATE VIEW v AS PRINT 1
DROP TABLE
GRANT TO r
THROW 50001
RAISERROR(N'm')
WHILE 1 = 1
ELSE PRINT 1
END
)
x y z
""".strip().splitlines()


@pytest.mark.parametrize("text", ACCEPTED)
def test_statement_is_accepted(text: str) -> None:
    assert parse_batch(text)


@pytest.mark.parametrize("text", STATEMENTS)
def test_statement_of_sql_server_is_read_or_refused_by_name(text: str) -> None:
    with suppress(Refusal):
        assert parse_batch(text)


def refused(text: str) -> str:
    """What a statement is refused for, in capitals and without blanks."""
    try:
        parse_batch(text)
    except Refusal as refusal:
        return refusal.message.partition(" is not supported")[0].upper().replace(" ", "")
    return ""


def test_every_refused_phrase_has_a_statement() -> None:
    assert {"".join(phrase) for phrase in UNSUPPORTED_WORDS} - set(
        map(refused, STATEMENTS)
    ) == set()


@pytest.mark.parametrize("text", REJECTED)
def test_text_that_is_not_tsql_is_a_syntax_error_with_its_place(text: str) -> None:
    with pytest.raises(SyntaxRefusal) as caught:
        parse_batch(text)
    assert (caught.value.severity, caught.value.line, caught.value.column >= 1) == (15, 1, True)


@pytest.mark.parametrize(
    ("text", "accepts"),
    [*((t, True) for t in (*ACCEPTED, *STATEMENTS)), *((t, False) for t in REJECTED)],
)
def test_grammar_of_microsoft_agrees(text: str, accepts: bool) -> None:
    command = [str(MAXDOP), "--parser-version", "2022"]
    ran = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    assert (ran.returncode == 0) == accepts, ran.stderr


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("SELECT 1 FROM t GROUP", 156),
        ("SELECT 1 +* 2", 102),
        ("SELECT 'a", 105),
        ("SELECT 1 WITH a AS (SELECT 1 AS x) SELECT x FROM a", 319),
        ("PRINT 1 THROW", 102),
        ("IF 1 PRINT 1", 4145),
        ("IF SUM(a) OVER (x y) = 1 PRINT 1", 102),
        ("BREAK", 135),
        ("CONTINUE", 136),
        ("PRINT 1; CREATE PROCEDURE p AS PRINT 1", 111),
        ("DECLARE @a foo", 2715),
        ("DECLARE @a varchar(9000)", 1001),
        ("EXEC p 1 OUTPUT", 179),
        ("SELECT * FROM a.b.c.d.e", 117),
        ("INSERT INTO t VALUES " + ", ".join(["(1)"] * 1001), 10738),
        ("SELECT " + "(" * 60 + "1" + ")" * 60, 191),
    ],
)
def test_syntax_error_has_the_number_of_sql_server(text: str, number: int) -> None:
    with pytest.raises(SyntaxRefusal) as caught:
        parse_batch(text)
    assert caught.value.number == number


def test_the_one_collation_may_be_named() -> None:
    plain = parse_batch("SELECT N'a' AS x")

    named = parse_batch("SELECT N'a' COLLATE DATABASE_DEFAULT AS x")

    assert [type(one) for one in named] == [type(one) for one in plain]


@pytest.mark.parametrize(
    "text",
    [
        "MERGE INTO t USING s ON 1 = 1 WHEN MATCHED THEN DELETE;",
        "SELECT a COLLATE Latin1_General_BIN FROM t",
        "SELECT * FROM t FOR JSON PATH",
        "SELECT a, SUM(b) FROM t GROUP BY ROLLUP (a)",
        "SELECT * FROM t PIVOT (SUM(a) FOR b IN ([x])) AS p",
        "SELECT * FROM t WITH (INDEX (1))",
        "IF 1 = ALL (SELECT 1) PRINT 1",
        "SELECT * FROM db..t",
        "INSERT INTO t OUTPUT inserted.a VALUES (1)",
        "DELETE TOP (1) FROM t",
        "DECLARE c CURSOR FOR SELECT 1",
        "DECLARE @x xml",
        "CREATE TRIGGER tr ON t AFTER INSERT AS PRINT 1",
        "CREATE FUNCTION f () RETURNS int AS BEGIN RETURN 1 END",
        "CREATE TABLE t (a AS 1)",
        "CREATE TABLE t (a int REFERENCES u (a) ON DELETE CASCADE)",
        "ALTER TABLE t ALTER COLUMN a int",
        "CREATE SEQUENCE s",
        "ALTER INDEX ix ON t REBUILD",
        "DROP TRIGGER tr",
        "CREATE THING x",
        "ALTER SCHEMA s TRANSFER t",
        "WAITFOR DELAY '00:00:01'",
        "GOTO x",
        "here: PRINT 1",
        "SAVE TRAN t",
        "BEGIN TRAN @t",
        "USE master",
        "EXECUTE AS USER = 'x'",
        "SET IDENTITY_INSERT t ON",
        "DECLARE @t TABLE (a int)",
        "DECLARE @a double precision",
        "DECLARE @a national character varying(9)",
        "CREATE TABLE t (a char varying(9))",
        "SELECT a FROM @t",
        "INSERT INTO @t VALUES (1)",
        "UPDATE t SET @v = 1",
        "SELECT TOP (1) WITH TIES a FROM t ORDER BY a",
        "SELECT TOP (1) PERCENT a FROM t",
        "UPDATE STATISTICS t",
        "CREATE OR ALTER TRIGGER tr ON t AFTER INSERT AS PRINT 1",
    ],
)
def test_tsql_that_is_left_out_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(Refusal, match=r"is not supported by the embedded engine \(line 1, column"):
        parse_batch(text)


@pytest.mark.parametrize("text", [text for text in ACCEPTED if len(text) < 200])
def test_every_cut_of_a_statement_is_parsed_or_an_error(text: str) -> None:
    lines = {line_of_error(text[:end]) for end in range(len(text))}
    assert min(lines) >= 1


def line_of_error(text: str) -> int:
    try:
        parse_batch(text)
    except SqlError as error:
        return error.line
    return 1


def test_tree_holds_nothing_but_what_syntax_declares() -> None:
    for text in ACCEPTED:
        for statement in parse_batch(text):
            check(statement)


def check(node: object) -> None:
    if isinstance(node, tuple):
        for item in node:
            check(item)
    elif is_dataclass(node):
        assert type(node).__module__.startswith((syntax.__name__, "procluster.local.types"))
        for part in fields(node):
            check(getattr(node, part.name))
    else:
        assert node is None or isinstance(node, (str, int, bool))


@pytest.mark.parametrize("batch", ["; SELECT 1", ";; SELECT 1", "SELECT 1;;"])
def test_batch_may_have_semicolons_to_spare(batch: str) -> None:
    assert parse_batch(batch) == parse_batch("SELECT 1")


def test_batch_may_be_a_semicolon() -> None:
    assert parse_batch(";") == ()
