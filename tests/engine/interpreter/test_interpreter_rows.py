"""INSERT, UPDATE, DELETE, SELECT INTO and what rows must hold."""

from __future__ import annotations

import pyarrow as pa
import pytest
from recording import Run

from procluster.errors import SqlError
from procluster.local.database import Database

TABLES = """
CREATE TABLE dbo.parent (k nvarchar(5) NOT NULL CONSTRAINT pk_parent PRIMARY KEY);
CREATE TABLE dbo.child (
    id int IDENTITY(10, 5) NOT NULL,
    k nvarchar(5) NULL CONSTRAINT fk_child FOREIGN KEY REFERENCES dbo.parent (k),
    n int NULL CONSTRAINT ck_n CHECK (n > 0),
    s nvarchar(3) NOT NULL CONSTRAINT df_s DEFAULT N'd',
    u int NULL CONSTRAINT uq_u UNIQUE
);
INSERT INTO dbo.parent VALUES (N'a'), (N'b');
"""


@pytest.fixture(autouse=True)
def tables(run: Run) -> None:
    run(TABLES)


def test_unique_allows_no_second_null(run: Run) -> None:
    assert run("INSERT INTO dbo.child (k) VALUES (N'a'), (NULL)").errors == [2627]


def test_insert_fills_identity_and_defaults(run: Run) -> None:
    record = run("INSERT INTO dbo.child (u) VALUES (1), (2), (NULL); SELECT id, s FROM dbo.child")
    assert record.rows == [[(10, "d"), (15, "d"), (20, "d")]]


def test_insert_tells_the_last_identity(run: Run) -> None:
    record = run("INSERT INTO dbo.child (u) VALUES (1), (2); SELECT SCOPE_IDENTITY(), @@IDENTITY")
    assert [int(str(value)) for value in record.rows[0][0]] == [15, 15]


def test_insert_default_values(run: Run) -> None:
    assert run("INSERT INTO dbo.child DEFAULT VALUES; SELECT s FROM dbo.child").values == ["d"]


def test_insert_takes_the_word_default(run: Run) -> None:
    batch = "INSERT INTO dbo.child (s, u) VALUES (DEFAULT, 1), (N'x', 2); SELECT s FROM dbo.child"
    assert run(batch).rows == [[("d",), ("x",)]]


@pytest.mark.parametrize(
    ("rows", "errors"),
    [
        ("(1, NULL), (2, 1)", []),
        ("(1, NULL), (2, 0)", []),
        ("(1, NULL), (2, 9)", [547]),
        ("(1, 2), (2, 1)", []),
    ],
)
def test_insert_of_rows_that_point_to_their_own_table(
    run: Run, rows: str, errors: list[int]
) -> None:
    run("CREATE TABLE dbo.tree (id int PRIMARY KEY, up int NULL REFERENCES dbo.tree (id))")
    run("INSERT INTO dbo.tree (id) VALUES (0)")

    assert run(f"INSERT INTO dbo.tree (id, up) VALUES {rows}").errors == errors


def test_insert_computes_the_defaults_of_columns_left_out(run: Run) -> None:
    run("CREATE TABLE dbo.seen (k int, a int DEFAULT 1 + 1, b int DEFAULT 3, c datetime2 NULL)")

    assert run("INSERT INTO dbo.seen (k) VALUES (1), (4); SELECT * FROM dbo.seen").rows == [
        [(1, 2, 3, None), (4, 2, 3, None)]
    ]


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO dbo.short VALUES (N'abc')",
        "INSERT INTO dbo.short SELECT N'abc' UNION ALL SELECT N'a'",
        "UPDATE s SET s.k = N'abc' FROM dbo.short AS s",
        "ALTER TABLE dbo.short ADD k nvarchar(2) NOT NULL DEFAULT N'abc'",
    ],
)
def test_text_too_long_is_told_with_its_column(run: Run, change: str) -> None:
    column = "a" if "ALTER" in change else "k"
    run(f"CREATE TABLE dbo.short ({column} nvarchar(2) NOT NULL)")
    run(f"INSERT INTO dbo.short ({column}) VALUES (N'a')")

    error = run(change).error

    assert error.number == 2628
    assert "in table 'procluster.dbo.short', column 'k'. Truncated value: 'ab'." in error.message


@pytest.mark.parametrize("default", ["'abc'", "CONCAT('ab', 'c')"])
@pytest.mark.parametrize("source", ["(k) VALUES (1)", "(k) SELECT 1", "DEFAULT VALUES"])
def test_insert_refuses_a_default_that_is_too_long(run: Run, default: str, source: str) -> None:
    run(f"CREATE TABLE dbo.seen (k int, s varchar(2) DEFAULT {default})")

    assert run(f"INSERT INTO dbo.seen {source}").errors == [2628]


def test_insert_numbers_rows_in_the_order_of_the_query(run: Run) -> None:
    record = run(
        "INSERT INTO dbo.child (u) SELECT v FROM (VALUES (3), (1), (2)) AS t(v) ORDER BY v DESC; "
        "SELECT u FROM dbo.child ORDER BY id"
    )
    assert record.rows == [[(3,), (2,), (1,)]]


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("INSERT INTO dbo.parent VALUES (NULL)", 515),
        ("INSERT INTO dbo.parent VALUES (N'abcdef')", 2628),
        ("INSERT INTO dbo.parent VALUES (N'A  ')", 2627),
        ("INSERT INTO dbo.child (k) VALUES (N'zz')", 547),
        ("INSERT INTO dbo.child (n) VALUES (0)", 547),
        ("INSERT INTO dbo.child (id) VALUES (1)", 544),
        ("INSERT INTO dbo.child (k, k) VALUES (N'a', N'a')", 264),
        ("INSERT INTO dbo.child (x) VALUES (1)", 207),
        ("INSERT INTO dbo.child (k, n) VALUES (N'a')", 109),
        ("INSERT INTO dbo.child (k) VALUES (N'a', 1)", 110),
        ("INSERT INTO dbo.parent VALUES (N'x', 1)", 213),
        ("INSERT INTO dbo.child VALUES (1, N'a', 1, N's', 1)", 8101),
        ("INSERT INTO dbo.child SELECT 1, N'a', 1, N's', 1", 8101),
        ("INSERT INTO dbo.child (k, n) SELECT N'a'", 120),
        ("INSERT INTO dbo.child (k) SELECT N'a', 1", 121),
        ("INSERT INTO dbo.nowhere VALUES (1)", 208),
        ("UPDATE dbo.parent SET k = N'B' WHERE k = N'a'", 2627),
        ("UPDATE dbo.parent SET k = NULL", 515),
        ("UPDATE dbo.parent SET k = N'abcdef'", 2628),
        ("DROP TABLE dbo.parent", 3726),
        ("TRUNCATE TABLE dbo.parent", 4712),
        ("TRUNCATE TABLE dbo.nowhere", 4701),
    ],
)
def test_broken_rule_has_the_number_of_sql_server(run: Run, statement: str, number: int) -> None:
    record = run(f"{statement}; SELECT COUNT(*) FROM dbo.parent; SELECT COUNT(*) FROM dbo.child")
    assert (record.errors, run("SELECT COUNT(*) FROM dbo.parent").values) == ([number], [2])


def test_message_of_a_duplicate_key_names_all(run: Run) -> None:
    assert run("INSERT INTO dbo.parent VALUES (N'A')").error.message == (
        "Violation of PRIMARY KEY constraint 'pk_parent'. Cannot insert duplicate key in object "
        "'dbo.parent'. The duplicate key value is (A)."
    )


def test_check_passes_unknown(run: Run) -> None:
    assert run("INSERT INTO dbo.child (n) VALUES (NULL)").passed


@pytest.fixture
def child(run: Run) -> None:
    run("INSERT INTO dbo.child (k, n, u) VALUES (N'A', 1, 1), (N'a', 2, 2)")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM dbo.parent WHERE k = N'a'",
        "UPDATE dbo.parent SET k = N'c' WHERE k = N'a'",
        "UPDATE dbo.child SET n = -n",
        "UPDATE dbo.child SET k = N'q'",
    ],
)
def test_rows_that_others_need_stay(run: Run, child: None, statement: str) -> None:
    assert run(statement).errors == [547]


@pytest.mark.parametrize("where", ["", " WHERE n = 2"])
def test_row_that_enters_a_filtered_index_is_2601(run: Run, where: str) -> None:
    run(
        "CREATE TABLE dbo.filtered (n int, a int, open_ int); "
        "CREATE UNIQUE INDEX ix_filtered ON dbo.filtered (a) WHERE open_ = 1; "
        "INSERT INTO dbo.filtered (n, a, open_) VALUES (1, 5, 1), (2, 5, 0)"
    )
    assert run(f"UPDATE dbo.filtered SET open_ = 1{where}").errors == [2601]


@pytest.mark.parametrize("change", ["low = 9", "high = 0", "high = low - 1"])
def test_check_of_two_columns_holds_for_a_change_of_one(run: Run, change: str) -> None:
    run(
        "CREATE TABLE dbo.span (low int, high int, CONSTRAINT ck_span CHECK (low <= high)); "
        "INSERT INTO dbo.span (low, high) VALUES (1, 2)"
    )
    assert run(f"UPDATE dbo.span SET {change}").errors == [547]


def test_update_may_swap_unique_values(run: Run, child: None) -> None:
    record = run("UPDATE dbo.child SET u = 3 - u; SELECT u FROM dbo.child ORDER BY id")
    assert record.rows == [[(2,), (1,)]]


def test_update_of_an_identity_column_is_an_error(run: Run, child: None) -> None:
    assert run("UPDATE dbo.child SET id = 1").errors == [8102]


def test_update_from_a_join_counts_its_rows(run: Run, child: None) -> None:
    record = run(
        "UPDATE c SET c.n = c.n + 10 FROM dbo.child AS c JOIN dbo.parent AS p ON p.k = c.k "
        "WHERE c.u = 2; SELECT n FROM dbo.child ORDER BY id"
    )
    assert (record.counts[0], record.rows) == (1, [[(1,), (12,)]])


def test_update_from_a_join_that_meets_a_row_twice_changes_it_once(run: Run, child: None) -> None:
    record = run(
        "UPDATE p SET p.k = p.k FROM dbo.parent AS p JOIN dbo.child AS c ON c.k = p.k; "
        "UPDATE c SET c.n = d.n + 10 FROM dbo.child AS c JOIN dbo.child AS d ON d.k = c.k; "
        "SELECT MIN(n) FROM dbo.child"
    )
    assert record.counts[:2] == [1, 2]
    assert record.rows[0][0][0] in (11, 12)


def test_delete_from_a_join(run: Run, child: None) -> None:
    record = run(
        "DELETE FROM c FROM dbo.child AS c JOIN dbo.parent AS p ON p.k = c.k WHERE c.u = 1; "
        "SELECT COUNT(*) FROM dbo.child"
    )
    assert (record.counts[0], record.values) == (1, [1])


def test_truncate_starts_the_identity_again(run: Run, child: None) -> None:
    record = run("TRUNCATE TABLE dbo.child; INSERT INTO dbo.child (u) VALUES (1); "
                 "SELECT id FROM dbo.child")  # fmt: skip
    assert record.values == [10]


def test_filtered_unique_index_holds_for_its_rows(run: Run) -> None:
    run("CREATE TABLE dbo.m (a int NOT NULL, active bit NOT NULL)")
    run("CREATE UNIQUE INDEX ux ON dbo.m (active) WHERE active = 1")
    record = run("INSERT INTO dbo.m VALUES (1, 1), (2, 0), (3, 0); INSERT INTO dbo.m VALUES (4, 1)")
    assert (record.errors, record.counts) == ([2601], [3])


def test_unique_index_over_duplicates_is_an_error(run: Run) -> None:
    run("CREATE TABLE dbo.m (a nvarchar(3)); INSERT INTO dbo.m VALUES (N'x'), (N'X ')")
    assert run("CREATE UNIQUE INDEX ux ON dbo.m (a)").errors == [1505]


def test_select_into_makes_a_table(run: Run) -> None:
    record = run("SELECT k, LEN(k) AS n INTO #c FROM dbo.parent; SELECT n FROM #c")
    assert (record.counts[0], record.rows) == (2, [[(1,), (1,)]])


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("SELECT 1 INTO #c", 1038),
        ("SELECT 1 AS a, 2 AS a INTO #c", 2705),
        ("SELECT 1 AS a INTO dbo.parent", 2714),
    ],
)
def test_select_into_has_rules(run: Run, statement: str, number: int) -> None:
    assert run(statement).errors == [number]


def test_insert_reads_what_was_there_before(run: Run) -> None:
    run("INSERT INTO dbo.parent SELECT k + N'2' FROM dbo.parent")
    assert run("SELECT COUNT(*) FROM dbo.parent").values == [4]


# --- Session.append


def test_append_inserts_by_column_name(database: Database, run: Run) -> None:
    rows = pa.table({"U": pa.array([7, 8], pa.int64()), "k": ["a", None]})
    count = database.connect().append("[dbo].child", rows)
    assert (count, run("SELECT u, k FROM dbo.child").rows) == (2, [[(7, "a"), (8, None)]])


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        ({"k": ["c", None]}, 515),
        ({"k": ["c", "a "]}, 2627),
        ({"k": ["too long"]}, 2628),
        ({"x": [1]}, 207),
    ],
)
def test_append_checks_like_insert(
    database: Database, run: Run, rows: dict[str, list[object]], number: int
) -> None:
    with pytest.raises(SqlError) as caught:
        database.connect().append("dbo.parent", pa.table(rows))
    count = run("SELECT COUNT(*) FROM dbo.parent").values
    assert (caught.value.number, count) == (number, [2])


def test_identity_goes_on_from_statement_to_statement(run: Run) -> None:
    record = run(
        "INSERT INTO dbo.child (u) VALUES (1); INSERT INTO dbo.child (u) VALUES (2); "
        "SELECT id FROM dbo.child ORDER BY id"
    )
    assert record.rows == [[(10,), (15,)]]


def test_parents_may_swap_their_keys(run: Run, child: None) -> None:
    record = run("UPDATE dbo.parent SET k = IIF(k = N'a', N'b', N'a')")
    assert (record.errors, record.counts) == ([], [2])


def test_select_into_takes_a_union(run: Run) -> None:
    record = run("SELECT 1 AS a INTO #c UNION ALL SELECT 2; SELECT a FROM #c ORDER BY a")
    assert (record.counts[0], record.rows) == (2, [[(1,), (2,)]])


def test_row_behind_a_unique_index_stays_when_others_need_it(run: Run) -> None:
    run("CREATE TABLE dbo.q (a int NOT NULL); CREATE UNIQUE INDEX ux ON dbo.q (a)")
    run("CREATE TABLE dbo.r (a int REFERENCES dbo.q (a)); INSERT INTO dbo.q VALUES (1)")
    record = run("INSERT INTO dbo.r VALUES (1); UPDATE dbo.q SET a = 2")
    assert record.errors == [547]


def test_clock_of_a_default_is_asked_once_for_all_rows(run: Run) -> None:
    """As "Conor vs. Runtime Constant Functions" on Microsoft's site says of getdate()."""
    run("CREATE TABLE dbo.seen (k nvarchar(5) NULL, at datetime2(6) NULL DEFAULT SYSDATETIME())")
    record = run("INSERT INTO dbo.seen (k) SELECT k FROM dbo.parent; "
                 "SELECT COUNT(*), COUNT(DISTINCT at) FROM dbo.seen")  # fmt: skip
    assert record.rows == [[(2, 1)]]
