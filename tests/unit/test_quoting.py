"""The three filters that are the only quoting in the project."""

from __future__ import annotations

import pytest

from procluster.errors import RenderError
from procluster.generator.quoting import identifier, literal


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("customer", "customer"),
        ("_x1$#@", "_x1$#@"),
        ("order", "[order]"),
        ("Check", "[Check]"),
        ("a b", "[a b]"),
        ("a]b", "[a]]b]"),
        ("a[b", "[a[b]"),
        ("it's", "[it's]"),
        ('say "x"', '[say "x"]'),
        ("1st", "[1st]"),
        ("#temp", "[#temp]"),
        ("@v", "[@v]"),
        ("Käufer", "[Käufer]"),
        ("客户", "[客户]"),
        ("a;DROP TABLE x--", "[a;DROP TABLE x--]"),
        ("x" * 128, "x" * 128),
    ],
)
def test_identifier_quotes_what_needs_it(name: str, quoted: str) -> None:
    assert str(identifier(name)) == quoted


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "is empty"),
        ("x" * 129, "has 129 characters"),
        ("😀" * 65, "has 130 characters"),
        (" x", "begins or ends with a space"),
        ("x\u00a0", "begins or ends with a space"),
        ("a\nGO\nb", "holds a control character"),
        ("a\0", "holds a control character"),
        ("a*/b", "holds a comment mark"),
        ("a$(b)", "holds a variable of sqlcmd"),
        ("\ud83d", "holds half of a surrogate pair"),
    ],
)
def test_identifier_refuses_what_cannot_be_a_name(name: str, fault: str) -> None:
    with pytest.raises(RenderError, match=fault):
        identifier(name)


def test_literal_doubles_quotes() -> None:
    assert str(literal("it's ''")) == "N'it''s '''''"


def test_literal_is_one_literal_however_long() -> None:
    quoted = str(literal("x'" * 5000))

    assert quoted == "N'" + "x''" * 5000 + "'"


def test_literal_refuses_nul() -> None:
    with pytest.raises(RenderError, match="NUL"):
        literal("a\0b")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_literal_refuses_a_line_that_t_sql_would_join(end: str) -> None:
    with pytest.raises(RenderError, match="a line ends with a backslash"):
        literal(f"a = 1 + \\{end}    2")
