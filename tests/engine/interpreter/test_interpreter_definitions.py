"""CREATE, ALTER, DROP, GRANT, the catalog views, and what a file keeps."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import pytest
from recording import Record, Run

from procluster.errors import DataError
from procluster.local.database import Database


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("CREATE TABLE dbo.t (a int)", 2714),
        ("CREATE TABLE nowhere.t (a int)", 2760),
        ("CREATE TABLE dbo.u (a int, A int)", 2705),
        ("CREATE TABLE dbo.u (a int NULL PRIMARY KEY)", 8111),
        ("CREATE TABLE dbo.u (a int PRIMARY KEY, b int PRIMARY KEY)", 8110),
        ("CREATE TABLE dbo.u (a int, PRIMARY KEY (b))", 1911),
        ("CREATE TABLE dbo.u (a int REFERENCES dbo.nowhere (a))", 1767),
        ("CREATE TABLE dbo.u (a int CONSTRAINT pk_t PRIMARY KEY)", 2714),
        ("CREATE INDEX ix ON dbo.t (b)", 1911),
        ("DROP TABLE dbo.u", 3701),
        ("DROP PROCEDURE dbo.t", 3701),
        ("DROP SCHEMA nowhere", 15151),
        ("ALTER TABLE dbo.u ADD b int", 4902),
        ("ALTER TABLE dbo.t ADD b int NOT NULL", 4901),
        ("ALTER TABLE dbo.t DROP COLUMN b", 4924),
        ("ALTER TABLE dbo.t DROP COLUMN a", 4922),
        ("ALTER TABLE dbo.t DROP CONSTRAINT pk_t; ALTER TABLE dbo.t DROP COLUMN a", 4923),
        ("ALTER TABLE dbo.t DROP CONSTRAINT nope", 3728),
        ("ALTER TABLE dbo.t ADD CONSTRAINT ck CHECK (a > 5)", 547),
        ("GRANT SELECT ON dbo.t TO nobody", 15151),
        ("GRANT SELECT ON dbo.u TO public", 15151),
        ("ALTER ROLE nobody ADD MEMBER dbo", 15151),
        ("CREATE TABLE ##g (a int)", 40510),
    ],
)
def test_faulty_definition_has_the_number_of_sql_server(
    run: Run, statement: str, number: int
) -> None:
    run("CREATE TABLE dbo.t (a int CONSTRAINT pk_t PRIMARY KEY); INSERT INTO dbo.t VALUES (1)")
    assert run(statement).errors == [number]


@pytest.mark.parametrize(
    ("batch", "number"),
    [
        ("ALTER PROCEDURE dbo.q AS SELECT 1", 208),
        ("CREATE PROCEDURE dbo.p AS SELECT 2", 2714),
        ("CREATE VIEW dbo.p AS SELECT 2 AS a", 2714),
        ("PRINT 1; CREATE VIEW dbo.v AS SELECT 2 AS a", 111),
    ],
)
def test_faulty_module_has_the_number_of_sql_server(run: Run, batch: str, number: int) -> None:
    run("CREATE PROCEDURE dbo.p AS SELECT 1")
    assert run(batch).errors == [number]


def test_alter_table_adds_and_drops(run: Run) -> None:
    run("CREATE TABLE dbo.t (a int); INSERT INTO dbo.t VALUES (1)")
    run("ALTER TABLE dbo.t ADD b int NOT NULL CONSTRAINT df DEFAULT 4, c nvarchar(3) NULL")
    run("ALTER TABLE dbo.t DROP COLUMN a")
    assert run("SELECT * FROM dbo.t").rows == [[(4, None)]]


def test_create_or_alter_replaces_and_keeps_the_id(run: Run) -> None:
    run("CREATE PROCEDURE dbo.p AS SELECT 1")
    before = run("SELECT OBJECT_ID(N'dbo.p')").values
    run("CREATE OR ALTER PROCEDURE dbo.P AS SELECT 2")
    assert (run("EXEC dbo.p").values, run("SELECT OBJECT_ID(N'dbo.p')").values) == ([2], before)


@pytest.mark.parametrize("words", ["CREATE  OR ALTER", "create"])
def test_definition_is_kept_as_a_server_keeps_it(run: Run, words: str) -> None:
    run(f"-- note\n{words} PROCEDURE dbo.p AS\nSELECT 1 -- end")
    kept = run("SELECT definition FROM sys.sql_modules").values
    blank = "    " if "OR" in words else " "
    assert kept == [f"-- note\nCREATE{blank}PROCEDURE dbo.p AS\nSELECT 1 -- end"]


def test_view_and_function_are_expanded(run: Run) -> None:
    run("CREATE VIEW dbo.v (x) AS SELECT v FROM (VALUES (1), (5)) AS t(v)")
    run("CREATE FUNCTION dbo.f (@low int) RETURNS TABLE AS RETURN "
        "(SELECT x FROM dbo.v WHERE x > @low)")  # fmt: skip
    assert run("SELECT x FROM dbo.f(2)").values == [5]


def test_view_is_not_changed(run: Run) -> None:
    run("CREATE VIEW dbo.v AS SELECT 1 AS a")
    assert run("DELETE FROM dbo.v").errors == [40510]


def test_drop_if_exists_of_nothing_passes(run: Run) -> None:
    assert run("DROP TABLE IF EXISTS dbo.x; DROP PROCEDURE IF EXISTS dbo.y, dbo.z").passed


def test_dropped_table_can_be_made_again(run: Run) -> None:
    run("CREATE TABLE dbo.t (a int CONSTRAINT pk_t PRIMARY KEY)")
    assert run("DROP TABLE dbo.t; CREATE TABLE dbo.t (a int CONSTRAINT pk_t PRIMARY KEY)").passed


def test_schema_with_objects_is_not_dropped(run: Run) -> None:
    run("CREATE SCHEMA s")
    run("CREATE TABLE s.t (a int)")
    assert run("DROP SCHEMA s").errors == [3729]


# --- permissions and roles


def test_permissions_are_recorded_and_revoked(run: Run) -> None:
    run("CREATE ROLE r; CREATE TABLE dbo.t (a int)")
    run("GRANT SELECT, INSERT ON OBJECT::dbo.t TO r; GRANT EXECUTE ANY EXTERNAL SCRIPT TO r")
    run("REVOKE INSERT ON dbo.t FROM r; DENY SELECT ON dbo.t TO r")
    record = run(
        "SELECT permission_name, state_desc, OBJECT_NAME(OBJECT_ID(N'dbo.t')) FROM "
        "sys.database_permissions AS p JOIN sys.database_principals AS r "
        "ON r.principal_id = p.grantee_principal_id WHERE r.name = N'r' ORDER BY permission_name"
    )
    assert [row[:2] for row in record.rows[0]] == [
        ("EXECUTE ANY EXTERNAL SCRIPT", "GRANT"),
        ("SELECT", "DENY"),
    ]


def test_role_members_are_recorded(run: Run) -> None:
    run("CREATE ROLE a; CREATE ROLE b; ALTER ROLE a ADD MEMBER b")
    assert run("SELECT COUNT(*) FROM sys.database_role_members").values == [1]


# --- catalog views and functions


@pytest.fixture
def objects(run: Run) -> None:
    run("CREATE SCHEMA s")
    run("CREATE TABLE s.t (a int IDENTITY(1, 1) PRIMARY KEY, b nvarchar(10) NULL, c decimal(9, 2))")
    run("CREATE PROCEDURE s.p @x int = 1 AS SELECT 1")
    run("CREATE VIEW s.v AS SELECT 1 AS a")


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT name, type FROM sys.objects WHERE parent_object_id = 0 ORDER BY name",
         [("p", "P"), ("t", "U"), ("v", "V")]),
        (("SELECT k.type, t.name FROM sys.key_constraints AS k JOIN sys.tables AS t "
          "ON t.object_id = k.parent_object_id"), [("PK", "t")]),
        ("SELECT name, compatibility_level FROM sys.databases", [("procluster", 160)]),
        ("SELECT HAS_PERMS_BY_NAME(N's.t', N'OBJECT', N'SELECT')", [(1,)]),
        ("SELECT DATABASEPROPERTYEX(DB_NAME(), 'Updateability')", [("READ_WRITE",)]),
        (("SELECT t.name, s.name FROM sys.tables AS t JOIN sys.schemas AS s "
         "ON s.schema_id = t.schema_id"), [("t", "s")]),
        (("SELECT c.name, c.max_length, c.is_nullable, c.is_identity, ty.name "
         "FROM sys.columns AS c JOIN sys.types AS ty ON ty.user_type_id = c.user_type_id "
         "WHERE c.object_id = OBJECT_ID(N's.t') ORDER BY c.column_id"),
         [("a", 4, False, True, "int"), ("b", 20, True, False, "nvarchar"),
          ("c", 5, True, False, "decimal")]),
        ("SELECT name FROM sys.procedures", [("p",)]),
        ("SELECT name FROM sys.views", [("v",)]),
        ("SELECT name FROM sys.parameters", [("@x",)]),
        ("SELECT type_desc, is_primary_key FROM sys.indexes", [("CLUSTERED", True)]),
        ("SELECT value_in_use FROM sys.configurations WHERE name = 'external scripts enabled'",
         [(1,)]),
        (("SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM INFORMATION_SCHEMA.TABLES "
         "ORDER BY TABLE_NAME"), [("s", "t", "BASE TABLE"), ("s", "v", "VIEW")]),
        ("SELECT OBJECT_ID(N's.t', N'P'), SCHEMA_ID(N'nope'), DATABASE_PRINCIPAL_ID(N'nope')",
         [(None, None, None)]),
        (("SELECT OBJECT_NAME(OBJECT_ID(N'[s].[t]', 'U')), OBJECT_SCHEMA_NAME(OBJECT_ID('s.t')), "
         "SCHEMA_NAME(SCHEMA_ID('S')), COL_LENGTH('s.t', 'b')"), [("t", "s", "s", 20)]),
        ("SELECT DB_NAME(), USER_NAME(), SERVERPROPERTY('ProductMajorVersion')",
         [("procluster", "dbo", "16")]),
    ],
)  # fmt: skip
def test_catalog_answers(
    run: Run, objects: None, query: str, rows: list[tuple[object, ...]]
) -> None:
    assert run(query).rows == [rows]


@pytest.mark.parametrize(
    ("definition", "columns"),
    [
        ("VIEW dbo.v AS SELECT 1 AS a, N'xy' AS b", [("a", 4), ("b", 4)]),
        ("VIEW dbo.v (p, q) AS SELECT object_id, is_identity FROM sys.columns",
         [("p", 4), ("q", 1)]),
        ("FUNCTION dbo.v (@x bigint) RETURNS TABLE AS RETURN (SELECT @x AS m)", [("m", 8)]),
    ],
    ids=["view", "view of columns", "function"],
)  # fmt: skip
def test_columns_of_a_view_or_function_are_shown(
    run: Run, definition: str, columns: list[tuple[object, ...]]
) -> None:
    run(f"CREATE {definition}")
    own = "SELECT name, max_length FROM sys.columns WHERE object_id = OBJECT_ID(N'dbo.v')"
    assert run(f"{own} ORDER BY column_id").rows == [columns]


def test_view_whose_table_is_gone_has_no_columns(run: Run) -> None:
    run("CREATE TABLE dbo.t (a int)")
    run("CREATE VIEW dbo.v AS SELECT a FROM dbo.t")
    run("DROP TABLE dbo.t")
    assert run("SELECT COUNT(*) FROM sys.columns").values == [0]


def test_catalog_view_follows_definitions(run: Run) -> None:
    record = run(
        "SELECT COUNT(*) FROM sys.tables; CREATE TABLE dbo.t (a int); "
        "SELECT COUNT(*) FROM sys.tables; BEGIN TRAN; DROP TABLE dbo.t; "
        "SELECT COUNT(*) FROM sys.tables; ROLLBACK; SELECT COUNT(*) FROM sys.tables"
    )
    assert record.values == [0, 1, 0, 1]


@pytest.mark.parametrize(
    "what", ["* FROM sys.dm_exec_sessions", "HAS_DBACCESS(1)", "@@FETCH_STATUS"]
)
def test_what_the_server_has_and_the_engine_has_not_is_refused(run: Run, what: str) -> None:
    assert run(f"SELECT {what}").errors == [40510]


# --- files


def test_file_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "kept.duckdb"
    with Database(path) as database:
        session = database.connect()
        session.query("CREATE SCHEMA s")
        session.query(
            "CREATE TABLE s.t (i int IDENTITY(5, 1), a nvarchar(3) NOT NULL CONSTRAINT df "
            "DEFAULT N'x', CONSTRAINT uq UNIQUE (a), CONSTRAINT ck CHECK (a <> N'q'))"
        )
        session.query("CREATE UNIQUE INDEX ux ON s.t (i) WHERE i > 0; CREATE ROLE r")
        session.query("GRANT SELECT ON s.t TO r; INSERT INTO s.t DEFAULT VALUES")
        session.query("CREATE PROCEDURE s.p AS INSERT INTO s.t VALUES (N'y'); SELECT i FROM s.t")
    with Database(path) as database:
        session = database.connect()
        rows = session.query("EXEC s.p; SELECT COUNT(*) FROM sys.database_permissions")
        errors = [
            Record(session, f"INSERT INTO s.t VALUES ({value})").errors
            for value in ("N'X'", "N'q'", "NULL")
        ]
    assert [found.rows() for found in rows] == [[(5,), (6,)], [(1,)]]
    assert errors == [[2627], [547], [515]]


def test_tables_of_another_program_have_tsql_types(tmp_path: Path) -> None:
    path = tmp_path / "other.duckdb"
    with duckdb.connect(str(path)) as other:
        other.execute(
            "CREATE SCHEMA dbo; CREATE TABLE dbo.sales (k INTEGER, price DECIMAL(7,2), "
            "name VARCHAR, day DATE); INSERT INTO dbo.sales VALUES (1, 2.5, 'x', '2020-01-02')"
        )
    with Database(path) as database:
        (found,) = database.connect().query("SELECT * FROM dbo.Sales WHERE NAME = N'X '")
    assert [str(column.type) for column in found.columns] == [
        "int",
        "decimal(7, 2)",
        "nvarchar(max)",
        "date",
    ]


@pytest.mark.parametrize("name", ["text.duckdb", "text.csv"])
def test_file_that_is_no_database_is_told(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("no,database,at,all\n" * 1000)
    with pytest.raises(DataError, match=rf"{name}: cannot be opened as a database, for it is none"):
        Database(path)


@pytest.mark.skipif(sys.platform == "win32", reason="no file has a colon in its name there")
@pytest.mark.parametrize("name", ["md:shop", "sqlite:shop"])
def test_file_is_a_file_whatever_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with Database(name) as database:
        database.connect().query("CREATE TABLE dbo.t (a int)")
    assert (tmp_path / name).exists()


def test_view_reads_its_own_schema_first(run: Run) -> None:
    run("CREATE SCHEMA s")
    run("CREATE TABLE s.t (a int); CREATE TABLE dbo.t (a int); INSERT INTO s.t VALUES (7)")
    run("CREATE VIEW s.v AS WITH c AS (SELECT a FROM t) SELECT a FROM c")
    assert run("SELECT a FROM s.v").values == [7]


def test_select_into_leaves_nothing_behind_when_it_fails(run: Run) -> None:
    run("SELECT 1 / 0 AS a INTO dbo.t")
    assert run("SELECT OBJECT_ID(N'dbo.t')").values == [None]


def test_index_of_one_table_leaves_its_namesake_alone(run: Run) -> None:
    run("CREATE TABLE dbo.t (a int); CREATE TABLE dbo.u (a int)")
    run("CREATE INDEX ix ON dbo.t (a); CREATE UNIQUE INDEX ix ON dbo.u (a); DROP INDEX ix ON dbo.t")
    assert run("INSERT INTO dbo.u VALUES (1), (1)").errors == [2601]


def test_dropped_role_takes_its_permissions_along(run: Run) -> None:
    run("CREATE ROLE r; CREATE TABLE dbo.t (a int); GRANT SELECT ON dbo.t TO r; DROP ROLE r")
    assert run("SELECT COUNT(*) FROM sys.database_permissions").values == [0]


def test_dropped_table_takes_its_permissions_along(run: Run) -> None:
    run("CREATE TABLE dbo.a_b (a int); CREATE TABLE dbo.axb (a int)")
    run("GRANT SELECT ON dbo.a_b TO public; GRANT SELECT ON dbo.axb TO public; DROP TABLE dbo.a_b")
    assert run("SELECT COUNT(*) FROM sys.database_permissions").values == [1]


def test_drop_of_several_drops_those_that_are_there(run: Run) -> None:
    run("CREATE TABLE dbo.t (a int)")
    record = run("DROP TABLE dbo.nope, dbo.t; SELECT OBJECT_ID(N'dbo.t')")
    assert (record.errors, record.values) == ([3701], [None])


@pytest.mark.parametrize(
    ("batch", "number"),
    [
        ("CREATE VIEW dbo.v AS SELECT a FROM dbo.nowhere", 208),
        ("CREATE VIEW dbo.v AS SELECT b FROM dbo.t", 207),
        ("CREATE VIEW dbo.v AS SELECT 1", 4511),
        ("CREATE VIEW dbo.v AS SELECT 1 AS a, 2 AS a", 4506),
        ("CREATE VIEW dbo.v (a, b) AS SELECT 1", 8159),
        ("CREATE VIEW dbo.v AS SELECT a FROM dbo.t ORDER BY a", 1033),
        ("CREATE FUNCTION dbo.f (@x int) RETURNS TABLE AS RETURN (SELECT b FROM dbo.t)", 207),
        ("CREATE TABLE dbo.u (a int, CHECK (b > 0))", 207),
        ("CREATE TABLE dbo.u (a int REFERENCES dbo.t (a))", 1776),
        ("CREATE TABLE dbo.u (a int DEFAULT NOSUCH(1))", 40510),
    ],
)
def test_names_of_a_definition_must_be_there(run: Run, batch: str, number: int) -> None:
    run("CREATE TABLE dbo.t (a int)")
    record = run(batch)
    assert (record.errors, run("SELECT COUNT(*) FROM sys.objects").values) == ([number], [1])


def test_function_may_use_its_parameters(run: Run) -> None:
    run("CREATE FUNCTION dbo.f (@x int) RETURNS TABLE AS RETURN (SELECT @x + 1 AS y)")
    assert run("SELECT y FROM dbo.f(4)").values == [5]


@pytest.mark.parametrize("name", ["#t", "tempdb..#t", "tempdb.dbo.#t", "[#T]"])
def test_object_id_finds_temp_tables(run: Run, name: str) -> None:
    record = run(f"CREATE TABLE #t (a int); SELECT IIF(OBJECT_ID(N'{name}') IS NULL, 0, 1)")
    assert record.values == [1]


@pytest.mark.parametrize("name", ["dbo.t", "procluster..t", "procluster.dbo.t", "T"])
def test_object_id_takes_names_of_one_to_three_parts(run: Run, name: str) -> None:
    record = run(f"CREATE TABLE dbo.t (a int); SELECT IIF(OBJECT_ID(N'{name}') IS NULL, 0, 1)")
    assert record.values == [1]


@pytest.mark.parametrize("name", ["", ".", "dbo.", "a b", "other.dbo.t", "a.b.c.d"])
def test_object_id_of_nothing_is_null(run: Run, name: str) -> None:
    assert run(f"CREATE TABLE dbo.t (a int); SELECT OBJECT_ID(N'{name}')").values == [None]


def test_permission_of_guest_has_its_number(run: Run) -> None:
    run("CREATE TABLE dbo.held (a int); GRANT SELECT ON dbo.held TO guest;")
    assert run("SELECT grantee_principal_id FROM sys.database_permissions").values == [2]
