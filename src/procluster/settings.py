"""procluster.toml → frozen Settings: where things are, what they are called, the defaults.

Every key has a default (the tutorial's tables and parameters), so an empty or missing file is a
valid one. A faulty file is refused whole, with every fault of it in one error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final

from procluster.deploy.target import Target, read_targets
from procluster.document import Rule, load_text, number, one_of, parse_document, read, whole
from procluster.errors import SettingsError
from procluster.generator.quoting import identifier_fault

__all__ = [
    "FILE_NAME",
    "Contacts",
    "Defaults",
    "Returns",
    "Sales",
    "Settings",
    "load",
    "load_targets",
    "parse",
    "parse_targets",
]

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
        Its length in characters when it is a text, 1 to 448.
    """

    schema: str = "seg"
    customer_type: str = "int"
    customer_length: int = 50
    sales: Sales = field(default_factory=Sales)
    returns: Returns = field(default_factory=Returns)
    contacts: Contacts = field(default_factory=Contacts)
    defaults: Defaults = field(default_factory=Defaults)


def _name(value: object) -> str | None:
    if isinstance(value, str) and identifier_fault(value) is None:
        return None
    return (
        "a name of 1 to 128 characters, no control characters, comment marks or $(, "
        "no space at either end"
    )


RULES: Final[Mapping[str, Rule]] = {
    "schema": _name,
    "customer_type": one_of(CUSTOMER_TYPES),
    # A clustered key has 900 bytes, and that of model_customer has the model's number too.
    "customer_length": whole(1, 448),
    **{f"sales.{one.name}": _name for one in fields(Sales)},
    **{f"returns.{one.name}": _name for one in fields(Returns)},
    **{f"contacts.{one.name}": _name for one in fields(Contacts)},
    "defaults.n_clusters": whole(1, 1000),
    "defaults.max_k": whole(2, 100),
    "defaults.scaling": one_of(SCALINGS),
    "defaults.random_state": whole(0, 2**31 - 1),
    "defaults.n_init": whole(1, 1000),
    "defaults.train_policy": one_of(TRAIN_POLICIES),
    "defaults.max_age_days": whole(1, 36500),
    "defaults.max_change_percent": number(0, 100),
}
"""The rule of every key."""


def load(path: Path | None = None) -> Settings:
    """The settings of a file, or of ``procluster.toml`` in the current directory if there is one.

    Raises
    ------
    SettingsError
        The file cannot be read, is not TOML, or has faults: all of them at once.
    """
    return parse(*_source(path))


def load_targets(path: Path | None = None) -> dict[str, Target]:
    """The targets of the same file, by name; errors as for :func:`load`."""
    return parse_targets(*_source(path))


def parse(text: str, source: str = FILE_NAME) -> Settings:
    r"""The settings that a TOML text gives.

    Examples
    --------
    >>> parse('schema = "crm"').schema
    'crm'
    >>> parse("[defaults]\nn_clusters = 0")
    Traceback (most recent call last):
    ...
    procluster.errors.SettingsError: procluster.toml: defaults.n_clusters: 0. Allowed: 1 to 1000.
    """
    return _parse(text, source)[0]


def parse_targets(text: str, source: str = FILE_NAME) -> dict[str, Target]:
    r"""The targets that a TOML text gives.

    Examples
    --------
    >>> print(parse_targets('[target.dev]\nserver = "sql1"\ndatabase = "shop"')["dev"])
    dev (shop on sql1)
    """
    return _parse(text, source)[1]


def _source(path: Path | None) -> tuple[str, str]:
    """The file's text and name; an empty text without a file."""
    file = path or Path(FILE_NAME)
    if path is None and not file.exists():
        return "", FILE_NAME
    return load_text(file), str(file)


def _parse(text: str, source: str) -> tuple[Settings, dict[str, Target]]:
    document = parse_document(text, source)
    faults: list[str] = []
    targets = read_targets(document.get("target", {}), faults)
    settings: Settings = read(Settings(), document, "", faults, RULES, elsewhere=("target",))
    if faults:
        raise SettingsError(tuple(f"{source}: {fault}" for fault in faults))
    return settings, targets
