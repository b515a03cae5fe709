"""TOML files → frozen dataclasses, held to rules; every fault of a file is found at once."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from procluster.errors import SettingsError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Rule", "flag", "load_text", "number", "one_of", "parse_document", "read", "whole"]

Rule = Callable[[Any], "str | None"]
"""Says what is allowed when a value is not, and None when it is."""


def load_text(file: Path) -> str:
    """The text of a settings file.

    Raises
    ------
    SettingsError
        It cannot be read, or is not UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError((f"{file}: cannot be read: {reason}. Give a UTF-8 file.",)) from error


def parse_document(text: str, source: str) -> dict[str, Any]:
    """The tables of a TOML text; SettingsError, with the place, when it is none."""
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError((f"{source}: not TOML: {error}. Mend that line.",)) from error
    return document


def whole(low: int, high: int) -> Rule:
    """A whole number."""

    def rule(value: object) -> str | None:
        inside = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return None if inside else f"{low} to {high}"

    return rule


def number(low: float, high: float) -> Rule:
    """A number."""

    def rule(value: object) -> str | None:
        numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
        return None if numeric and low <= float(str(value)) <= high else f"{low:g} to {high:g}"

    return rule


def one_of(choices: tuple[str, ...]) -> Rule:
    """One of some words."""

    def rule(value: object) -> str | None:
        return None if value in choices else "one of " + ", ".join(choices)

    return rule


def flag(value: object) -> str | None:
    """Yes or no."""
    return None if isinstance(value, bool) else "true or false"


def read(  # noqa: PLR0913 - what is read, by which rules, and where faults go
    empty: Any,
    table: object,
    prefix: str,
    faults: list[str],
    rules: Mapping[str, Rule],
    *,
    elsewhere: tuple[str, ...] = (),
) -> Any:
    """A (nested) dataclass from a TOML table.

    Parameters
    ----------
    empty : dataclass
        One with the defaults of everything that the table leaves out.
    table : object
        What the file has.
    prefix : str
        Where that is in the file, with a dot at the end unless it is all of it.
    faults : list of str
        What is wrong is added.
    rules : mapping of str to Rule
        By key, with the keys of the tables it is in.
    elsewhere : tuple of str
        Keys that others read.
    """
    if not isinstance(table, dict):
        faults.append(f"{prefix.rstrip('.')}: {table!r}. Allowed: a table of keys.")
        return empty
    known = [one.name for one in fields(empty) if one.name in rules or _is_table(empty, one.name)]
    allowed_keys = (*known, *elsewhere)
    faults.extend(
        f"{prefix}{key}: no such key. Allowed: {', '.join(allowed_keys)}."
        for key in table
        if key not in allowed_keys
    )
    values: dict[str, Any] = {}
    for key in (name for name in known if name in table):
        value = table[key]
        if _is_table(empty, key):
            inner = {
                k[len(key) + 1 :]: rule for k, rule in rules.items() if k.startswith(f"{key}.")
            }
            values[key] = read(getattr(empty, key), value, f"{prefix}{key}.", faults, inner)
            continue
        allowed = rules[key](value)
        if allowed:
            faults.append(f"{prefix}{key}:{_shown(value)} Allowed: {allowed}.")
        values[key] = value
    return replace(empty, **values)


def _shown(value: object) -> str:
    """A faulty value; not one that may be a connection string, for that may hold a password."""
    return "" if isinstance(value, str) and re.search("[;=]", value) else f" {value!r}."


def _is_table(empty: Any, key: str) -> bool:
    return hasattr(getattr(empty, key), "__dataclass_fields__")
