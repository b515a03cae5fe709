"""The Jinja environment: what it refuses, and what a Script is."""

from __future__ import annotations

import hashlib

import pytest
from jinja2 import DictLoader

from procluster.errors import RenderError
from procluster.generator.render import Script, environment, install_script, render


def render_text(text: str, **context: object) -> str:
    return render(environment(DictLoader({"t": text})), "t", context)


def test_render_quotes_through_filters() -> None:
    text = render_text("SELECT {{ c | identifier }}, {{ s | literal }};", c="a b", s="it's")

    assert text == "SELECT [a b], N'it''s';\n"


def test_render_refuses_unquoted_values() -> None:
    with pytest.raises(RenderError, match="'x; DROP TABLE t' reached the output unquoted"):
        render_text("SELECT {{ c }};", c="x; DROP TABLE t")


def test_render_refuses_undefined_names() -> None:
    with pytest.raises(RenderError, match="'nothing' is undefined"):
        render_text("SELECT {{ nothing }};")


def test_render_quotes_a_quoted_name_inside_a_string() -> None:
    text = render_text('PRINT {{ ((n | identifier) ~ ".t") | literal }};', n="a'b")

    assert text == "PRINT N'[a''b].t';\n"


def test_render_does_not_escape_for_html() -> None:
    assert render_text("{{ s | literal }}", s='a < b & c > "d"') == "N'a < b & c > \"d\"'\n"


def test_script_hashes_its_exact_text() -> None:
    script = Script("seg.x", "view", "SELECT N'ä';\n")

    assert script.sha256 == hashlib.sha256(b"SELECT N'\xc3\xa4';\n").hexdigest()


def test_script_file_name_is_safe_for_file_systems() -> None:
    assert Script("a/b:c.x", "view", "").file_name == "a_b_c.x.view.sql"


def test_install_script_runs_every_script_in_one_transaction() -> None:
    scripts = (Script("a.b", "view", "SELECT 1;\n"), Script("a.c", "view", "SELECT 2;\n"))

    batches = install_script(scripts).split("GO\n")

    assert [one.strip() for one in batches if "@@ERROR" not in one] == [
        "SET NOEXEC OFF;\nSET ANSI_NULLS, QUOTED_IDENTIFIER ON;\nSET NOCOUNT, XACT_ABORT ON;",
        "BEGIN TRANSACTION;",
        "SELECT 1;",
        "SELECT 2;",
        "COMMIT TRANSACTION;\nPRINT N'Installed.';",
        "SET NOEXEC OFF;",
        "",
    ]
    assert sum("SET NOEXEC ON" in one for one in batches) == 3
