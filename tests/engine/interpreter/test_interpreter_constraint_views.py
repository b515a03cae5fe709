"""Catalog views of constraints and index columns, and SET NOEXEC, as a deployer uses them."""

from __future__ import annotations

from recording import Run

TABLES = """
CREATE TABLE dbo.parent (
    a int NOT NULL, b int NOT NULL,
    CONSTRAINT pk_parent PRIMARY KEY (b, a)
);
CREATE TABLE dbo.child (
    a int NOT NULL, b int NOT NULL, c int NOT NULL CONSTRAINT df_c DEFAULT 7, d int NULL,
    CONSTRAINT fk_child FOREIGN KEY (b, a) REFERENCES dbo.parent (b, a),
    CONSTRAINT ck_c CHECK (c > 0)
);
CREATE INDEX ix_child ON dbo.child (c DESC, a) INCLUDE (d);
"""


def test_check_constraints_hold_their_condition(run: Run) -> None:
    run(TABLES)

    found = run(
        "SELECT name, definition FROM sys.check_constraints "
        "WHERE parent_object_id = OBJECT_ID(N'dbo.child')"
    )

    assert found.rows == [[("ck_c", "(c > 0)")]]


def test_default_constraints_name_their_column(run: Run) -> None:
    run(TABLES)

    found = run("SELECT name, parent_column_id, definition FROM sys.default_constraints")

    assert found.rows == [[("df_c", 3, "(7)")]]


def test_foreign_keys_point_to_their_table(run: Run) -> None:
    run(TABLES)

    found = run(
        "SELECT name FROM sys.foreign_keys WHERE parent_object_id = OBJECT_ID(N'dbo.child') "
        "AND referenced_object_id = OBJECT_ID(N'dbo.parent')"
    )

    assert found.rows == [[("fk_child",)]]


def test_index_columns_come_in_the_order_of_the_key(run: Run) -> None:
    run(TABLES)

    found = run(
        "SELECT o.name, c.column_id, c.key_ordinal, c.is_descending_key, c.is_included_column "
        "FROM sys.index_columns AS c JOIN sys.objects AS o ON o.object_id = c.object_id "
        "ORDER BY o.name DESC, c.index_column_id"
    )

    assert found.rows == [
        [
            ("parent", 2, 1, False, False),
            ("parent", 1, 2, False, False),
            ("child", 3, 1, True, False),
            ("child", 1, 2, False, False),
            ("child", 4, 0, False, True),
        ]
    ]


def test_databases_has_the_one_there_is(run: Run) -> None:
    found = run("SELECT database_id - DB_ID(), compatibility_level FROM sys.databases")

    assert found.rows == [[(0, 160)]]


def test_noexec_reads_the_batches_after_it_and_runs_nothing(run: Run) -> None:
    run("SET NOEXEC ON")

    skipped = run("SELECT 1 AS a; CREATE TABLE dbo.t (a int)")
    run("SET NOEXEC OFF")

    assert skipped.rows == []
    assert run("SELECT OBJECT_ID(N'dbo.t')").values == [None]


def test_noexec_still_refuses_what_does_not_parse(run: Run) -> None:
    run("SET NOEXEC ON")

    assert run("SELECT FROM").errors == [156]
