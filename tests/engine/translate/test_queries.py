"""Queries: names, joins, grouping, order, TOP, set operations, subqueries, modules."""

from __future__ import annotations

from decimal import Decimal

import pytest
from translation_world import World

from procluster.errors import Refusal
from procluster.local.types import MAX, resolve

# --- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number", "message"),
    [
        ("SELECT nope FROM customer", 207, "Invalid column name 'nope'."),
        ("SELECT c.nope FROM customer AS c", 207, "Invalid column name 'nope'."),
        ("SELECT x.id FROM customer", 4104, 'The multi-part identifier "x.id" could not be bound.'),
        ("SELECT x.* FROM customer", 107, "The column prefix 'x' does not match"),
        ("SELECT * ", 263, "Must specify table to select from."),
        ("SELECT 1 FROM nope.nope", 208, "Invalid object name 'nope.nope'."),
        ("SELECT id FROM customer JOIN purchase ON 1 = 1", 209, "Ambiguous column name 'id'."),
        ("SELECT 1 FROM customer, customer", 1013, "have the same exposed names"),
        ("SELECT @nope", 137, 'Must declare the scalar variable "@nope".'),
        ("SELECT name, id FROM customer GROUP BY name", 8120, "Column 'customer.id' is invalid"),
        ("SELECT * FROM customer GROUP BY name", 8120, "Column 'customer.id' is invalid"),
        ("SELECT 1 FROM customer HAVING id > 1", 8121, "in the HAVING clause"),
        ("SELECT COUNT(*) FROM customer ORDER BY id", 8127, "in the ORDER BY clause"),
        ("SELECT 1 FROM customer WHERE COUNT(*) > 1", 147, "may not appear in the WHERE clause"),
        ("SELECT SUM(COUNT(*)) FROM customer", 130, "containing an aggregate or a subquery"),
        ("SELECT 1 FROM customer GROUP BY 1", 164, "must contain at least one column"),
        (
            "SELECT ROW_NUMBER() OVER () FROM customer",
            4112,
            "must have an OVER clause with ORDER BY",
        ),
        ("SELECT RANK() FROM customer", 10753, "must have an OVER clause"),
        (
            "SELECT 1 FROM customer WHERE ROW_NUMBER() OVER (ORDER BY id) = 1",
            4108,
            "can only appear in the SELECT or ORDER BY clauses",
        ),
        ("SELECT COUNT(DISTINCT id) OVER () FROM customer", 10759, "DISTINCT is not allowed"),
        ("SELECT id FROM (SELECT id FROM customer ORDER BY id) AS q", 1033, "ORDER BY clause is"),
        ("SELECT 1 FROM (SELECT id + 1 FROM customer) AS q", 8155, "for column 1 of 'q'"),
        ("SELECT 1 FROM (SELECT id, id FROM customer) AS q", 8156, "multiple times for 'q'"),
        ("SELECT 1 FROM (SELECT id FROM customer) AS q(a, b)", 8159, "'q' has fewer columns"),
        ("SELECT 1 FROM (SELECT 1, 2) AS q(a)", 8158, "'q' has more columns"),
        ("WITH q(a, b) AS (SELECT 1) SELECT 1 FROM q", 8159, "'q' has fewer columns"),
        ("SELECT (SELECT 1, 2)", 116, "Only one expression can be specified"),
        ("SELECT 1 WHERE 1 IN (SELECT 1, 2)", 116, "Only one expression can be specified"),
        ("SELECT 1 UNION SELECT 1, 2", 205, "must have an equal number of expressions"),
        ("SELECT id FROM customer ORDER BY 2", 108, "The ORDER BY position number 2"),
        ("SELECT id FROM customer ORDER BY 'a'", 408, "A constant expression was encountered"),
        ("SELECT DISTINCT name FROM customer ORDER BY id", 145, "ORDER BY items must appear"),
        ("SELECT 1 AS a UNION SELECT 2 ORDER BY b", 104, "ORDER BY items must appear"),
        ("SELECT TOP (1.5) id FROM customer", 1060, "must be an integer"),
        ("SELECT 1 FROM (VALUES (1), (1, 2)) AS v(a)", 10709, "must be the same"),
        ("SELECT name FROM customer WHERE credit = CAST('2024-01-01' AS date)", 206, "date"),
        ("SELECT SUM(*) FROM customer", 102, "Incorrect syntax near '*'."),
        ("SELECT 1 FROM customer GROUP BY SUM(id)", 144, "Cannot use an aggregate"),
        ("SELECT a FROM (VALUES (DEFAULT)) AS v(a)", 156, "near the keyword 'DEFAULT'"),
        ("SELECT id FROM customer ORDER BY @@SPID + @nope", 137, "Must declare"),
        (
            "SELECT SUM(RANK() OVER (ORDER BY id)) OVER () FROM customer",
            4109,
            "in the context of another windowed function",
        ),
        (
            "SELECT TOP (1) id FROM customer ORDER BY id OFFSET 1 ROWS",
            10741,
            "A TOP can not be used",
        ),
        (
            "SELECT PERCENTILE_CONT(1.5) WITHIN GROUP (ORDER BY id) OVER () FROM customer",
            10751,
            "must be between 0.0 and 1.0",
        ),
        ("SELECT a FROM OPENJSON('{}') WITH (a int AS JSON)", 13618, "AS JSON option can be"),
        ("SELECT SUM(name) FROM customer", 8117, "Operand data type nvarchar is invalid for sum"),
    ],
)
def test_query_error_has_number_and_message(
    shop: World, text: str, number: int, message: str
) -> None:
    error = shop.error(text)
    assert (error.number, message in error.message) == (number, True), error.message


def test_error_has_line(shop: World) -> None:
    assert shop.error("SELECT id,\n  nope\nFROM customer").line == 2


def test_names_ignore_case(shop: World) -> None:
    assert shop.rows("SELECT C.ID FROM Customer AS c WHERE c.Id = 1") == [(1,)]


def test_qualifier_may_have_schema(shop: World) -> None:
    assert shop.rows("SELECT dbo.customer.id FROM dbo.customer WHERE customer.id = 1") == [(1,)]


def test_column_is_named_as_written(shop: World) -> None:
    columns = shop.compile("SELECT ID, id AS n, 1 + 1, b = 2, * FROM customer").columns
    assert [column.name for column in columns][:5] == ["ID", "n", "", "b", "id"]


def test_column_is_nullable_behind_an_outer_join(shop: World) -> None:
    assert shop.compile("SELECT COUNT(*) FROM customer").columns[0].nullable is False


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("SELECT id FROM customer", True),
        ("SELECT a FROM (VALUES (1)) AS v(a)", True),
        ("SELECT 1 + (SELECT COUNT(*) FROM OPENJSON('[1]') WITH (a int '$'))", True),
        ("WITH c AS (SELECT 1 AS a) SELECT a FROM c", True),
        ("SELECT 1 + (SELECT 2)", False),
    ],
)
def test_query_reads_where_it_has_a_from(shop: World, text: str, reads: bool) -> None:
    assert shop.compile(text).reads == reads


def test_names_with_quotes_are_quoted(sql: World) -> None:
    sql.create('a "b" c', {'x "y': resolve("int")}, (1,))
    assert sql.rows('SELECT [x "y] FROM [a "b" c]') == [(1,)]


def test_text_with_quotes_is_quoted(sql: World) -> None:
    assert sql.one("N'it''s; DROP TABLE x --'") == "it's; DROP TABLE x --"


# --- variables ---------------------------------------------------------------------------------


def test_variable_is_a_parameter(shop: World) -> None:
    shop.declare("@n", resolve("nvarchar", 20), "x' OR 1 = 1 --")
    compiled = shop.compile("SELECT id FROM customer WHERE name = @N OR @n IS NULL")
    assert list(compiled.parameters.values()) == ["x' OR 1 = 1 --"]
    assert shop.run(compiled) == []


def test_variable_keeps_its_type(sql: World) -> None:
    sql.declare("@n", resolve("smallint"), 5)
    assert sql.type("@n + CAST(1 AS tinyint)") == "smallint"


def test_assignment_is_converted_and_named(sql: World) -> None:
    sql.declare("@n", resolve("int"), 5)
    compiled = sql.compile("SELECT @n = '12'")
    assert (compiled.columns[0].name, sql.run(compiled)) == ("@n", [(12,)])


def test_compound_assignment_adds(shop: World) -> None:
    shop.declare("@n", resolve("int"), 5)
    assert shop.rows("SELECT @n += COUNT(*) FROM customer") == [(9,)]


def test_assignment_beside_data_is_an_error(sql: World) -> None:
    sql.declare("@n", resolve("int"), 5)
    assert sql.error("SELECT @n = 1, 2").number == 141


@pytest.mark.parametrize("text", ["SELECT @n = @n + id FROM customer", "SELECT @n = 1, @m = @n"])
def test_assignment_that_depends_on_order_is_refused(shop: World, text: str) -> None:
    shop.declare("@n", resolve("int"), 5)
    shop.declare("@m", resolve("int"), 5)
    assert isinstance(shop.error(text), Refusal)


# --- conditions and text -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        ("'abc' = 'ABC  '", True),
        ("'abc' <> 'abd'", True),
        ("'b' > 'A'", True),
        ("'é' > 'f'", False),
        ("'a_b' < 'ab'", True),
        ("'a' < '1'", False),
        ("'a' IN ('B', 'A ')", True),
        ("1 IN ('1', 2)", True),
        ("1 NOT IN (2, NULL)", None),
        ("1 IN (1, NULL)", True),
        ("2 BETWEEN 1 AND 3", True),
        ("2 NOT BETWEEN 1 AND NULL", None),
        ("4 NOT BETWEEN 1 AND 3", True),
        ("NULL = NULL", None),
        ("NULL IS NULL", True),
        ("NOT (NULL = 1)", None),
        ("NULL = 1 OR 1 = 1", True),
        ("'Ab' LIKE 'a_'", True),
        ("'Ab' LIKE '%B'", True),
        ("'Ab' NOT LIKE 'x%'", True),
        ("'a%b' LIKE 'a!%b' ESCAPE '!'", True),
        ("'axb' LIKE 'a!%b' ESCAPE '!'", False),
        ("'ab ' LIKE 'ab'", True),
        ("N'ab ' LIKE N'ab'", False),
        ("'ab' LIKE 'ab '", False),
        ("'12' = 12", True),
        ("1 = CAST(1 AS bit)", True),
        ("0.1 = 1e-1", True),
        ("CAST(1.5 AS decimal(38, 10)) = CAST(2 AS decimal(38, 0))", False),
        ("CAST(1.5 AS decimal(38, 10)) IN (CAST(2 AS decimal(38, 0)))", False),
        ("'2024-01-02' = CAST('2024-01-02' AS date)", True),
        ("EXISTS (SELECT NULL)", True),
        ("EXISTS (SELECT 1 WHERE 1 = 0)", False),
    ],
)
def test_condition_is_true_false_or_unknown(sql: World, condition: str, truth: bool | None) -> None:
    yes = sql.rows(f"SELECT 1 WHERE {condition}") == [(1,)]
    no = sql.rows(f"SELECT 1 WHERE NOT ({condition})") == [(1,)]
    assert (yes, no) == (truth is True, truth is False)


@pytest.mark.parametrize("pattern", ["[", "a[b-c]", "[^a]"])
def test_like_with_brackets_is_refused(sql: World, pattern: str) -> None:
    assert isinstance(sql.error(f"SELECT 1 WHERE 'a' LIKE '{pattern}'"), Refusal)


def test_like_with_brackets_in_a_column_is_refused(shop: World) -> None:
    assert shop.rows("SELECT id FROM customer WHERE name LIKE name ORDER BY id")[0] == (1,)
    assert shop.error("SELECT 1 FROM (VALUES ('[a]')) AS v(p) WHERE 'a' LIKE v.p").number == 40510


def test_text_that_is_no_number_is_245_in_a_comparison(shop: World) -> None:
    assert shop.error("SELECT 1 FROM customer WHERE name = 5").number == 245


# --- grouping and aggregates -------------------------------------------------------------------


def test_group_ignores_case_and_trailing_spaces(shop: World) -> None:
    rows = shop.rows("SELECT name, COUNT(*) FROM customer GROUP BY name ORDER BY name")
    assert rows == [(None, 1), ("Ann", 2), ("Bob", 1)]


def test_group_expression_is_known_in_the_select_list(shop: World) -> None:
    text = "SELECT c.id % 2 + 1, MAX(ID) FROM customer AS c GROUP BY ID % 2 ORDER BY id % 2"
    assert shop.rows(text) == [(1, 4), (2, 3)]


def test_group_expression_with_variable_is_known(shop: World) -> None:
    shop.declare("@n", resolve("int"), 2)
    assert shop.rows("SELECT id % @n, COUNT(*) FROM customer GROUP BY id % @n ORDER BY 1") == [
        (0, 2),
        (1, 2),
    ]


def test_having_filters_groups(shop: World) -> None:
    assert shop.rows("SELECT name FROM customer GROUP BY name HAVING COUNT(*) > 1") == [("Ann",)]


@pytest.mark.parametrize(
    ("expression", "value", "kind"),
    [
        ("COUNT(*)", "4", "int"),
        ("COUNT_BIG(*)", "4", "bigint"),
        ("COUNT(score)", "3", "int"),
        ("COUNT(DISTINCT name)", "2", "int"),
        ("SUM(id)", "10", "int"),
        ("AVG(id)", "2", "int"),
        ("AVG(IIF(id = 4, 5, id))", "2", "int"),
        ("SUM(CAST(id AS bigint))", "10", "bigint"),
        ("SUM(credit)", "35.00", "decimal(38, 2)"),
        ("AVG(credit)", "11.666666", "decimal(38, 6)"),
        ("AVG(1.0 * id)", "2.500000", "decimal(38, 6)"),
        ("SUM(score)", "8.0", "float"),
        ("AVG(CAST(score AS real))", "2.6666666666666665", "float"),
        ("MIN(name)", "Ann", "nvarchar(20)"),
        ("MAX(name)", "Bob", "nvarchar(20)"),
        ("MAX(id)", "4", "int"),
        ("STDEV(id)", "1.2909944487358056", "float"),
        ("STDEVP(id)", "1.118033988749895", "float"),
        ("VAR(id)", "1.6666666666666667", "float"),
        ("VARP(id)", "1.25", "float"),
        ("STRING_AGG(id, '-') WITHIN GROUP (ORDER BY id DESC)", "4-3-2-1", "nvarchar(4000)"),
        ("SUM(DISTINCT id % 2)", "1", "int"),
        ("AVG(DISTINCT id)", "2", "int"),
        ("SUM(IIF(id > 2, 1, 0))", "2", "int"),
    ],
)
def test_aggregate_gives_value_and_type(
    shop: World, expression: str, value: str, kind: str
) -> None:
    compiled = shop.compile(f"SELECT {expression} FROM customer")
    assert (str(shop.run(compiled)[0][0]), str(compiled.columns[0].type)) == (value, kind)


@pytest.mark.parametrize(
    "expression", ["SUM(id)", "AVG(id)", "AVG(credit)", "MIN(name)", "VAR(id)"]
)
def test_aggregate_of_nothing_is_null(shop: World, expression: str) -> None:
    assert shop.rows(f"SELECT {expression} FROM customer WHERE 1 = 0") == [(None,)]


def test_deviation_of_one_value_is_null(shop: World) -> None:
    assert shop.rows("SELECT STDEV(id) FROM customer WHERE id = 1") == [(None,)]


@pytest.mark.parametrize(
    ("expression", "number"),
    [
        ("SUM(x)", 8115),
        ("AVG(x)", 8115),
        ("SUM(1e308 * x / x)", 8115),
        ("MAX(CAST(x AS bit))", 8117),
        ("SUM(CAST(x AS bit))", 8117),
    ],
)
def test_aggregate_error_has_number(sql: World, expression: str, number: int) -> None:
    sql.create("big", {"x": resolve("int")}, (2147483647,), (1,))
    assert sql.error(f"SELECT {expression} FROM big").number == number


def test_string_agg_too_long_is_9829(sql: World) -> None:
    rows = "(VALUES (REPLICATE(N'a', 3000)), (REPLICATE(N'a', 3000))) AS v(x)"
    assert sql.error(f"SELECT STRING_AGG(x, ',') FROM {rows}").number == 9829


# --- windows -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("ROW_NUMBER() OVER (ORDER BY score, id)", [2, 1, 3, 4]),
        ("RANK() OVER (ORDER BY name)", [2, 2, 4, 1]),
        ("DENSE_RANK() OVER (ORDER BY name DESC)", [2, 2, 1, 3]),
        ("COUNT(*) OVER (PARTITION BY name)", [2, 2, 1, 1]),
        ("ROW_NUMBER() OVER (ORDER BY (SELECT NULL)) * 0", [0, 0, 0, 0]),
        ("SUM(id) OVER (ORDER BY id)", [1, 3, 6, 10]),
        ("SUM(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)", [1, 3, 5, 7]),
        ("AVG(id) OVER ()", [2, 2, 2, 2]),
        ("LAG(id) OVER (ORDER BY id)", [None, 1, 2, 3]),
        ("LEAD(id, 2, 0) OVER (ORDER BY id)", [3, 4, 0, 0]),
        ("FIRST_VALUE(id) OVER (PARTITION BY name ORDER BY id DESC)", [2, 2, 3, 4]),
        ("NTILE(2) OVER (ORDER BY id)", [1, 1, 2, 2]),
        ("PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY score) OVER ()", [2.5] * 4),
        ("PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY id) OVER (PARTITION BY name)", [1, 1, 3, 4]),
    ],
)
def test_window_gives_values(shop: World, expression: str, values: list[object]) -> None:
    rows = shop.rows(f"SELECT {expression} FROM customer ORDER BY id")
    assert [value for (value,) in rows] == values


def test_window_over_groups_sums_counts(shop: World) -> None:
    text = "SELECT 1e0 * COUNT(*) / SUM(COUNT(*)) OVER () FROM customer GROUP BY name ORDER BY name"
    assert shop.rows(text) == [(0.25,), (0.5,), (0.25,)]


# --- order, TOP, OFFSET ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("SELECT score FROM customer ORDER BY score", [None, 1.5, 2.5, 4.0]),
        ("SELECT score FROM customer ORDER BY score DESC", [4.0, 2.5, 1.5, None]),
        ("SELECT id AS score FROM customer ORDER BY score", [1, 2, 3, 4]),
        ("SELECT -id AS x FROM customer ORDER BY 1", [-4, -3, -2, -1]),
        ("SELECT id FROM customer ORDER BY name DESC, id DESC", [3, 2, 1, 4]),
        ("SELECT id FROM customer ORDER BY id + 0 DESC", [4, 3, 2, 1]),
        ("SELECT TOP (2) id FROM customer ORDER BY id DESC", [4, 3]),
        ("SELECT TOP 2 id FROM customer ORDER BY id DESC", [4, 3]),
        ("SELECT TOP (@n) id FROM customer ORDER BY id", [1, 2, 3]),
        ("SELECT TOP (0) id FROM customer", []),
        ("SELECT id FROM customer ORDER BY id OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY", [2, 3]),
        ("SELECT id FROM customer ORDER BY id OFFSET @n ROWS", [4]),
        ("SELECT DISTINCT TOP (1) name FROM customer ORDER BY name DESC", ["Bob"]),
        ("SELECT id FROM customer UNION ALL SELECT 9 ORDER BY id DESC", [9, 4, 3, 2, 1]),
        (
            "SELECT v.a FROM (VALUES ('_'), ('a'), ('1'), ('B')) AS v(a) ORDER BY a",
            ["_", "1", "a", "B"],
        ),
    ],
)
def test_query_is_ordered_and_cut(shop: World, text: str, values: list[object]) -> None:
    shop.declare("@n", resolve("int"), 3)
    assert [value for (value,) in shop.rows(text)] == values


def test_order_by_variable_is_1008(shop: World) -> None:
    shop.declare("@n", resolve("int"), 1)
    assert shop.error("SELECT id FROM customer ORDER BY @n").number == 1008


@pytest.mark.parametrize(("count", "number"), [(-1, 127), (None, 1014)])
def test_top_of_bad_variable_has_number(shop: World, count: int | None, number: int) -> None:
    shop.declare("@n", resolve("int"), count)
    assert shop.error("SELECT TOP (@n) id FROM customer").number == number


# --- set operations ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("SELECT name FROM customer UNION SELECT N'ANN'", 3),
        ("SELECT name FROM customer UNION ALL SELECT N'ANN'", 5),
        ("SELECT DISTINCT name FROM customer", 3),
        ("SELECT name FROM customer EXCEPT SELECT N'ANN'", 2),
        ("SELECT name FROM customer INTERSECT SELECT N'ANN'", 1),
        ("SELECT id FROM customer EXCEPT SELECT customer_id FROM purchase", 2),
        ("SELECT name FROM customer INTERSECT SELECT NULL", 1),
        ("SELECT 1 UNION SELECT 1.0", 1),
        ("SELECT '1' UNION SELECT 1", 1),
    ],
)
def test_set_operation_counts_rows(shop: World, text: str, count: int) -> None:
    assert len(shop.rows(text)) == count


def test_union_of_text_that_is_no_number_is_245(sql: World) -> None:
    assert sql.error("SELECT 'x' UNION ALL SELECT 1").number == 245


# --- sources -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (
            "SELECT c.id, p.item FROM customer AS c JOIN purchase AS p ON p.customer_id = c.id",
            [(1, "cup"), (1, "tea"), (3, "tea")],
        ),
        (
            (
                "SELECT c.id, p.item FROM customer c LEFT JOIN purchase p ON p.customer_id = c.id "
                "WHERE p.id IS NULL"
            ),
            [(2, None), (4, None)],
        ),
        (
            (
                "SELECT c.id, p.item FROM customer c RIGHT JOIN purchase p ON p.customer_id = c.id "
                "WHERE c.id IS NULL"
            ),
            [(None, "pot")],
        ),
        (
            "SELECT COUNT(*), 1 FROM customer c FULL JOIN purchase p ON p.customer_id = c.id",
            [(6, 1)],
        ),
        ("SELECT COUNT(*), 1 FROM customer, purchase", [(16, 1)]),
        (
            (
                "SELECT c.id, x.item FROM customer c CROSS APPLY (SELECT TOP (1) item "
                "FROM purchase p WHERE p.customer_id = c.id ORDER BY p.item) AS x"
            ),
            [(1, "cup"), (3, "tea")],
        ),
        (
            (
                "SELECT c.id, x.n FROM customer c OUTER APPLY (SELECT p.id AS n FROM purchase p "
                "WHERE p.customer_id = c.id AND p.item = 'TEA') AS x"
            ),
            [(1, 1), (2, None), (3, 3), (4, None)],
        ),
        (
            (
                "SELECT c.id, v.x FROM customer c CROSS APPLY (VALUES (c.id), (c.id * 10)) AS v(x) "
                "WHERE c.id < 3"
            ),
            [(1, 1), (1, 10), (2, 2), (2, 20)],
        ),
        ("SELECT v.a, v.b FROM (VALUES (1, NULL), (2.5, 'x')) AS v(a, b)", [(1, None), (2.5, "x")]),
    ],
)
def test_source_gives_rows(shop: World, text: str, rows: list[tuple[object, ...]]) -> None:
    found = shop.rows(text)
    assert sorted(map(repr_numbers, found)) == sorted(map(repr_numbers, rows))


def repr_numbers(row: tuple[object, ...]) -> str:
    return repr([float(x) if isinstance(x, (int, Decimal)) else x for x in row])


def test_subquery_sees_the_row_around_it(shop: World) -> None:
    text = (
        "SELECT id, (SELECT MAX(item) FROM purchase WHERE customer_id = customer.id) "
        "FROM customer WHERE EXISTS (SELECT 1 FROM purchase WHERE customer_id = customer.id) "
        "ORDER BY id"
    )
    assert shop.rows(text) == [(1, "tea"), (3, "tea")]


def test_subquery_of_two_rows_is_512(shop: World) -> None:
    assert shop.error("SELECT (SELECT id FROM customer)").number == 512


def test_not_in_query_with_null_is_never_true(shop: World) -> None:
    text = "SELECT id FROM customer WHERE id NOT IN (SELECT customer_id FROM purchase)"
    assert shop.rows(text) == []


def test_in_query_compares_text_by_the_collation(shop: World) -> None:
    text = "SELECT id FROM customer WHERE name IN (SELECT 'ANN') ORDER BY id"
    assert shop.rows(text) == [(1,), (2,)]


def test_common_table_is_used_twice(shop: World) -> None:
    text = (
        "WITH a AS (SELECT id, name FROM customer), b(n) AS (SELECT COUNT(*) FROM a) "
        "SELECT a.id, b.n FROM a CROSS JOIN b JOIN a AS again ON again.id = a.id WHERE a.id = 2"
    )
    assert shop.rows(text) == [(2, 4)]


def test_recursive_common_table_is_refused(sql: World) -> None:
    text = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    assert isinstance(sql.error(text), Refusal)


# --- modules -----------------------------------------------------------------------------------


def test_view_is_expanded(shop: World) -> None:
    shop.create_module(
        "CREATE VIEW dbo.buyer AS SELECT c.id, c.name FROM customer AS c JOIN purchase AS p "
        "ON p.customer_id = c.id GROUP BY c.id, c.name"
    )
    assert shop.rows("SELECT b.name FROM dbo.buyer AS b WHERE b.id > 1") == [("Bob",)]


def test_view_sees_nothing_of_the_query_around_it(shop: World) -> None:
    shop.create_module("CREATE VIEW v AS SELECT id FROM q")
    assert shop.error("WITH q AS (SELECT 1 AS id) SELECT id FROM v").number == 208


def test_function_sees_no_variables_of_its_caller(sql: World) -> None:
    sql.declare("@b", resolve("int"), 5)
    sql.create_module("CREATE FUNCTION dbo.f (@a int) RETURNS TABLE AS RETURN (SELECT @b AS a)")
    assert sql.error("SELECT a FROM dbo.f(1)").number == 137


def test_view_that_reads_itself_is_4429(shop: World) -> None:
    shop.create_module("CREATE VIEW v AS SELECT id FROM v")
    assert shop.error("SELECT id FROM v").number == 4429


def test_function_takes_columns_of_the_left_side(shop: World) -> None:
    shop.create_module(
        "CREATE FUNCTION dbo.bought (@who int, @least int) RETURNS TABLE AS RETURN "
        "(SELECT COUNT(*) AS n FROM purchase WHERE customer_id = @who HAVING COUNT(*) >= @least)"
    )
    text = "SELECT c.id, b.n FROM customer AS c CROSS APPLY dbo.bought(c.id, 1) AS b ORDER BY c.id"
    assert shop.rows(text) == [(1, 2), (3, 1)]


@pytest.mark.parametrize(("call", "number"), [("f()", 313), ("f(1, 2)", 8144)])
def test_function_counts_arguments(shop: World, call: str, number: int) -> None:
    shop.create_module("CREATE FUNCTION dbo.f (@a int) RETURNS TABLE AS RETURN (SELECT @a AS a)")
    assert shop.error(f"SELECT a FROM dbo.{call}").number == number


def test_function_needs_no_schema(shop: World) -> None:
    shop.create_module("CREATE FUNCTION dbo.f (@a int) RETURNS TABLE AS RETURN (SELECT @a AS a)")
    assert shop.rows("SELECT a FROM f(7)") == [(7,)]


def test_unknown_function_is_208(sql: World) -> None:
    assert sql.error("SELECT 1 FROM nope(7) AS x").number == 208


def test_function_argument_is_converted(shop: World) -> None:
    shop.create_module("CREATE FUNCTION dbo.f (@a int) RETURNS TABLE AS RETURN (SELECT @a AS a)")
    assert shop.rows("SELECT a FROM dbo.f('7')") == [(7,)]


# --- JSON --------------------------------------------------------------------------------------

DOCUMENT = (
    '{"clusters": [{"cluster": 0, "centre": {"x": 1.5}, "tags": ["a"]}, {"cluster": "1"}], '
    '"text": "t", "no": null, "yes": true}'
)


def test_openjson_with_reads_an_array(sql: World) -> None:
    sql.declare("@d", resolve("nvarchar", MAX), DOCUMENT)
    text = (
        "SELECT * FROM OPENJSON(@d, N'$.clusters') WITH ("
        "cluster int, x float '$.centre.x', tags nvarchar(max) AS JSON, centre nvarchar(9))"
    )
    compiled = sql.compile(text)
    assert sql.run(compiled) == [(0, 1.5, '["a"]', None), (1, None, None, None)]
    assert [str(c.type) for c in compiled.columns] == [
        "int", "float", "nvarchar(max)", "nvarchar(9)",
    ]  # fmt: skip


def test_openjson_with_reads_an_object_as_one_row(sql: World) -> None:
    sql.declare("@d", resolve("nvarchar", MAX), DOCUMENT)
    text = "SELECT yes, [text] FROM OPENJSON(@d) WITH (yes bit, [text] nvarchar(9))"
    assert sql.rows(text) == [(True, "t")]


def test_openjson_without_with_is_refused(sql: World) -> None:
    assert isinstance(sql.error("SELECT [key] FROM OPENJSON('{}')"), Refusal)


def test_openjson_applies_to_each_row(sql: World) -> None:
    sql.create("doc", {"id": resolve("int"), "body": resolve("nvarchar", MAX)},
               (1, '[{"a": 1}, {"a": 2}]'), (2, "[]"), (3, None))  # fmt: skip
    text = (
        "SELECT d.id, j.a FROM doc AS d CROSS APPLY OPENJSON(d.body) WITH (a int) AS j ORDER BY 2"
    )
    assert sql.rows(text) == [(1, 1), (1, 2)]


@pytest.mark.parametrize("path", ["$.nothing", "$.text"])
def test_openjson_of_nothing_has_no_rows(sql: World, path: str) -> None:
    sql.declare("@d", resolve("nvarchar", MAX), DOCUMENT)
    assert sql.rows(f"SELECT a FROM OPENJSON(@d, '{path}') WITH (a int)") == []


def test_openjson_converts_or_fails(sql: World) -> None:
    text = """SELECT a FROM OPENJSON('{"a": "x"}') WITH (a int)"""
    assert sql.error(text).number == 245


def test_openjson_cuts_nothing_off(sql: World) -> None:
    text = """SELECT a FROM OPENJSON('{"a": "xyz"}') WITH (a nvarchar(2))"""
    assert sql.error(text).number == 40510


# --- what it costs -----------------------------------------------------------------------------


def test_text_alone_is_compared_by_key(shop: World) -> None:
    assert "lower" not in shop.compile("SELECT id FROM customer WHERE id = 1 AND credit > 2").sql


def test_plain_aggregate_is_plain(shop: World) -> None:
    assert "CASE" not in shop.compile("SELECT SUM(id), COUNT(*) FROM customer").sql


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("p.item", [(1, "cup"), (3, "tea")]),
        ("p.item DESC", [(1, "tea"), (3, "tea")]),
        ("p.item DESC, p.id", [(1, "tea"), (3, "tea")]),
        ("NULLIF(p.item, 'tea')", [(1, "tea"), (3, "tea")]),
        ("NULLIF(p.item, 'tea') DESC", [(1, "cup"), (3, "tea")]),
    ],
)
def test_top_1_of_an_apply_is_the_first_row_of_each(
    shop: World, order: str, first: list[tuple[object, ...]]
) -> None:
    text = (
        "SELECT c.id, x.item FROM customer c CROSS APPLY (SELECT TOP (1) item "
        f"FROM purchase p WHERE p.customer_id = c.id ORDER BY {order}) AS x ORDER BY c.id"
    )

    assert shop.rows(text) == first


def test_top_1_of_an_apply_over_groups_is_the_first_group(shop: World) -> None:
    text = (
        "SELECT c.id, x.items FROM customer c OUTER APPLY (SELECT TOP (1) COUNT(*) AS items "
        "FROM purchase p WHERE p.id >= c.id GROUP BY p.item ORDER BY COUNT(*) DESC) AS x "
        "ORDER BY c.id"
    )

    assert shop.rows(text) == [(1, 2), (2, 1), (3, 1), (4, 1)]


def test_top_1_of_an_apply_sorts_nothing(shop: World) -> None:
    compiled = shop.compile(
        "SELECT c.id, x.item FROM customer c CROSS APPLY "
        "(SELECT TOP (1) item FROM purchase p ORDER BY p.id) AS x"
    )

    assert "ORDER BY" not in compiled.sql
