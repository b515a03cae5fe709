"""docs/embedded-engine.md says what the engine's registries say."""

from __future__ import annotations

from pathlib import Path

from rule_book import rule_book

PAGE = Path(__file__).parents[2] / "docs" / "embedded-engine.md"


def test_rule_book_is_what_the_registries_hold(update_golden: bool) -> None:
    if update_golden:
        PAGE.write_text(rule_book(), encoding="utf-8", newline="\n")

    assert PAGE.read_text(encoding="utf-8") == rule_book()
