import pytest

from procluster.errors import SyntaxRefusal
from procluster.local.lexer import Batch, split_batches, tokenize


def kinds(text: str) -> list[tuple[str, str]]:
    return [(token.kind, token.text) for token in tokenize(text)[:-1]]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("'it''s'", "string", "it's"),
        ("N'é'", "national", "é"),
        ("[a]]b]", "quoted", "a]b"),
        ('"a""b"', "quoted", 'a"b'),
        ("0xAF", "binary", "AF"),
        ("0x", "binary", ""),
        ("12", "int", "12"),
        ("1.", "decimal", "1."),
        (".5", "decimal", ".5"),
        ("1e3", "float", "1e3"),
        ("1.5E-3", "float", "1.5E-3"),
        ("@a#1", "variable", "@a#1"),
        ("@@RowCount", "variable", "@@ROWCOUNT"),
        ("#t", "word", "#t"),
        ("größe", "word", "größe"),
        ("!=", "operator", "<>"),
    ],
)
def test_token_kind_and_text(text: str, kind: str, value: str) -> None:
    assert kinds(text) == [(kind, value)]


def test_token_place_counts_lines_and_columns_from_one() -> None:
    token = tokenize("a\n  /* x\n */ b")[1]
    assert tuple(token.at) == (3, 5)


def test_comments_nest() -> None:
    assert kinds("a /* x /* y */ z */ b -- c") == [("word", "a"), ("word", "b")]


def test_string_loses_a_backslash_at_the_line_end() -> None:
    assert kinds("N'a\\\nb'") == [("national", "ab")]


@pytest.mark.parametrize(
    ("text", "number"),
    [("SELECT 'a", 105), ("[a", 105), ("/* a /* */", 113), ("x" * 129, 103)],
)
def test_bad_text_has_the_number_of_sql_server(text: str, number: int) -> None:
    with pytest.raises(SyntaxRefusal) as caught:
        tokenize(text)
    assert (caught.value.number, caught.value.line) == (number, 1)


def test_batches_split_at_go_lines_with_their_line() -> None:
    assert split_batches("a\ngo -- next\n\nb\n GO \nc") == [
        Batch("a\n", 1),
        Batch("\nb\n", 3),
        Batch("c", 6),
    ]


@pytest.mark.parametrize(
    "script", ["'\nGO\n'", "/*\nGO\n*/ x", "[\nGO\n]", "-- '\nx GO\ny", "a GOTO b", "/*\nGO\n"]
)
def test_batches_do_not_split_inside_text(script: str) -> None:
    assert [batch.text for batch in split_batches(script)] == [script]


def test_batches_repeat_with_a_count() -> None:
    assert [batch.text for batch in split_batches("a\nGO 3\n")] == ["a\n"] * 3
