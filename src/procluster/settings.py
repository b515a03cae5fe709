"""procluster.toml → frozen Settings: where things are, what they are called, the defaults.

Every key has a default (the tutorial's tables and parameters), so an empty or missing file is a
valid one. A faulty file is refused whole, with every fault of it in one error.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from procluster.errors import SettingsError
from procluster.generator.quoting import identifier_fault

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["FILE_NAME", "Contacts", "Defaults", "Returns", "Sales", "Settings", "load", "parse"]

FILE_NAME: Final = "procluster.toml"

SCALINGS: Final = ("none", "standard", "robust")
TRAIN_POLICIES: Final = ("auto", "always", "never")
CUSTOMER_TYPES: Final = ("int", "bigint", "nvarchar", "varchar")


@dataclass(frozen=True)
class Sales:
    """The table (or view) of sales, one row per item sold."""

    schema: str = "dbo"
    table: str = "store_sales"
    customer: str = "ss_customer_sk"
    ticket: str = "ss_ticket_number"
    item: str = "ss_item_sk"
    amount: str = "ss_net_paid"


@dataclass(frozen=True)
class Returns:
    """The table (or view) of returns, one row per item returned."""

    schema: str = "dbo"
    table: str = "store_returns"
    customer: str = "sr_customer_sk"
    ticket: str = "sr_ticket_number"
    item: str = "sr_item_sk"
    amount: str = "sr_return_amt"


@dataclass(frozen=True)
class Contacts:
    """The table (or view) with the customers' e-mail addresses."""

    schema: str = "dbo"
    table: str = "customer"
    customer: str = "c_customer_sk"
    email: str = "c_email_address"


@dataclass(frozen=True)
class Defaults:
    """Default values of the procedures' parameters; those of the tutorial where it has any."""

    n_clusters: int = 4
    max_k: int = 19
    scaling: str = "none"
    random_state: int = 111
    n_init: int = 10
    train_policy: str = "auto"
    max_age_days: int = 30
    max_change_percent: float = 10.0


@dataclass(frozen=True)
class Settings:
    """Everything that a rendered script depends on.

    Attributes
    ----------
    schema : str
        Where the package's objects live.
    customer_type : str
        ``int``, ``bigint``, ``nvarchar`` or ``varchar``: the type of the customers' key.
    customer_length : int
        Its length in characters when it is a text, 1 to 450.
    """

    schema: str = "seg"
    customer_type: str = "int"
    customer_length: int = 50
    sales: Sales = field(default_factory=Sales)
    returns: Returns = field(default_factory=Returns)
    contacts: Contacts = field(default_factory=Contacts)
    defaults: Defaults = field(default_factory=Defaults)


def load(path: Path | None = None) -> Settings:
    """The settings of a file, or of ``procluster.toml`` in the current directory if there is one.

    Raises
    ------
    SettingsError
        The file cannot be read, is not TOML, or has faults: all of them at once.
    """
    file = path or Path(FILE_NAME)
    if path is None and not file.exists():
        return Settings()
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError((f"{file}: cannot be read: {error}. Give a UTF-8 file.",)) from error
    return parse(text, str(file))


def parse(text: str, source: str = FILE_NAME) -> Settings:
    r"""The settings that a TOML text gives.

    Examples
    --------
    >>> parse('schema = "crm"').schema
    'crm'
    >>> parse("[defaults]\\nn_clusters = 0")
    Traceback (most recent call last):
    ...
    procluster.errors.SettingsError: procluster.toml: defaults.n_clusters: 0. Allowed: 1 to 1000.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError((f"{source}: not TOML: {error}. Mend that line.",)) from error
    faults: list[str] = []
    values = _read(Settings, document, "", faults)
    if faults:
        raise SettingsError(tuple(f"{source}: {fault}" for fault in faults))
    settings: Settings = values
    return settings


Rule = Callable[[Any], "str | None"]
"""Says what is allowed when a value is not, and None when it is."""


def _name(value: object) -> str | None:
    if isinstance(value, str) and identifier_fault(value) is None:
        return None
    return (
        "a name of 1 to 128 characters, no control characters or comment marks, "
        "no space at either end"
    )


def _whole(low: int, high: int) -> Rule:
    def rule(value: object) -> str | None:
        inside = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return None if inside else f"{low} to {high}"

    return rule


def _number(low: float, high: float) -> Rule:
    def rule(value: object) -> str | None:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return None if number and low <= float(str(value)) <= high else f"{low:g} to {high:g}"

    return rule


def _one_of(choices: tuple[str, ...]) -> Rule:
    def rule(value: object) -> str | None:
        return None if value in choices else "one of " + ", ".join(choices)

    return rule


RULES: Final[Mapping[str, Rule]] = {
    "customer_type": _one_of(CUSTOMER_TYPES),
    "customer_length": _whole(1, 450),
    "defaults.n_clusters": _whole(1, 1000),
    "defaults.max_k": _whole(2, 100),
    "defaults.scaling": _one_of(SCALINGS),
    "defaults.random_state": _whole(0, 2**31 - 1),
    "defaults.n_init": _whole(1, 1000),
    "defaults.train_policy": _one_of(TRAIN_POLICIES),
    "defaults.max_age_days": _whole(1, 36500),
    "defaults.max_change_percent": _number(0, 100),
}
"""The rule of every key that is not a name."""


def _read(kind: type[Any], table: object, prefix: str, faults: list[str]) -> Any:
    """One (nested) dataclass from a TOML table; what is wrong is added to ``faults``."""
    if not isinstance(table, dict):
        faults.append(f"{prefix.rstrip('.')}: {table!r}. Allowed: a table of keys.")
        return kind()
    known = {one.name: one for one in fields(kind)}
    faults.extend(
        f"{prefix}{key}: no such key. Allowed: {', '.join(known)}."
        for key in table
        if key not in known
    )
    values: dict[str, Any] = {}
    for key in (name for name in known if name in table):
        value, default = table[key], getattr(kind(), key)
        if hasattr(default, "__dataclass_fields__"):
            values[key] = _read(type(default), value, f"{prefix}{key}.", faults)
            continue
        allowed = RULES.get(prefix + key, _name)(value)
        if allowed:
            faults.append(f"{prefix}{key}: {value!r}. Allowed: {allowed}.")
        values[key] = value
    return kind(**values)
