"""UPDATE and DELETE as queries of the rows they change."""

from __future__ import annotations

import pytest
from translation_world import World

from procluster.errors import Refusal, SqlError
from procluster.local.parser import parse_batch
from procluster.local.syntax import If, Print
from procluster.local.translate import compile_condition, compile_expression


def test_update_gives_rows_and_new_values(shop: World) -> None:
    change = shop.change("UPDATE customer SET credit += 1, name = 'x' WHERE id <= 2")
    assert change.targets == ("credit", "name")
    assert [row[:4] for row in shop.run(change)] == [(0, 1, "x", 11), (1, 2, "x", 21)]


def test_update_of_one_table_is_plain(shop: World) -> None:
    change = shop.change("UPDATE customer SET name = 'x' WHERE id = 2")
    assert change.is_plain


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE c SET name = 'x' FROM customer AS c JOIN purchase AS p ON p.customer_id = c.id",
        "UPDATE customer SET name = 'x' WHERE id IN (SELECT customer_id FROM purchase)",
    ],
)
def test_update_by_other_tables_is_not_plain(shop: World, text: str) -> None:
    change = shop.change(text)
    assert not change.is_plain


def test_update_from_a_join_says_so(shop: World) -> None:
    change = shop.change(
        "UPDATE c SET name = p.item FROM customer AS c JOIN purchase AS p ON p.customer_id = c.id"
    )
    assert change.is_joined
    assert {row[0] for row in shop.run(change)} == {0, 2}


def test_update_target_may_be_the_table_behind_an_alias(shop: World) -> None:
    change = shop.change("UPDATE customer SET name = 'x' FROM customer AS c WHERE c.id = 3")
    assert [row[:3] for row in shop.run(change)] == [(2, 3, "x")]


def test_update_converts_to_the_column(shop: World) -> None:
    change = shop.change("UPDATE customer SET credit = '7.126' WHERE id = 1")
    assert str(shop.run(change)[0][3]) == "7.13"


def test_update_with_long_text_is_2628(shop: World) -> None:
    change = shop.change("UPDATE customer SET name = REPLICATE('a', 21)")
    with pytest.raises(SqlError) as found:
        shop.run(change)
    assert found.value.number == 2628
    assert "table 'customer', column 'name'" in found.value.message


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("UPDATE customer SET nope = 1", 207),
        ("UPDATE customer SET id = 1, ID = 2", 264),
        ("UPDATE nope SET id = 1", 208),
        ("UPDATE customer SET credit = CAST('2024-01-01' AS date)", 206),
    ],
)
def test_update_error_has_number(shop: World, text: str, number: int) -> None:
    with pytest.raises(SqlError) as found:
        shop.change(text)
    assert found.value.number == number


def test_delete_gives_rows(shop: World) -> None:
    change = shop.change(
        "DELETE p FROM purchase AS p JOIN customer AS c ON c.id = p.customer_id WHERE name = 'BOB'"
    )
    assert shop.run(change) == [(2,)]


def test_delete_sees_common_tables(shop: World) -> None:
    text = "WITH q AS (SELECT 3 AS id) DELETE FROM customer WHERE id IN (SELECT id FROM q)"
    assert shop.run(shop.change(text)) == [(2,)]


def test_change_of_a_view_is_refused(shop: World) -> None:
    shop.create_module("CREATE VIEW v AS SELECT id FROM customer")
    with pytest.raises(Refusal):
        shop.change("DELETE FROM v")


def test_expression_compiles_to_one_value(shop: World) -> None:
    (statement,) = parse_batch("PRINT (SELECT COUNT(*) FROM customer) + 1")
    assert isinstance(statement, Print)
    compiled = compile_expression(statement.value, shop)
    assert shop.run(compiled) == [(5,)]


@pytest.mark.parametrize(("condition", "truth"), [("1 = 1", True), ("NULL = 1", False)])
def test_condition_compiles_to_true_or_false(sql: World, condition: str, truth: bool) -> None:
    (statement,) = parse_batch(f"IF {condition} PRINT 1")
    assert isinstance(statement, If)
    compiled = compile_condition(statement.condition, sql)
    assert sql.run(compiled) == [(truth,)]
