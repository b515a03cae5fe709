"""procluster.toml: what it gives, and what is said of a faulty one."""

from __future__ import annotations

from pathlib import Path

import pytest

from procluster.errors import SettingsError
from procluster.settings import Settings, load, parse


def faults_of(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse(text)
    return [fault.removeprefix("procluster.toml: ") for fault in caught.value.faults]


def test_parse_of_nothing_gives_the_tutorial() -> None:
    assert parse("") == Settings()


def test_parse_maps_tables_and_columns() -> None:
    settings = parse('[sales]\nschema = "crm"\ntable = "Order Lines"\ncustomer = "Käufer"\n')

    assert (settings.sales.schema, settings.sales.table) == ("crm", "Order Lines")
    assert settings.sales.customer == "Käufer"
    assert settings.sales.item == "ss_item_sk"


def test_parse_reports_every_fault_at_once() -> None:
    text = """
    schema = ""
    colour = 1
    customer_type = "uuid"
    returns = 3
    [sales]
    table = 7
    colum = "x"
    [defaults]
    n_clusters = 0
    max_k = true
    scaling = "minmax"
    max_change_percent = 101
    """

    assert faults_of(text) == [
        (
            "colour: no such key. Allowed: schema, customer_type, customer_length, sales, returns, "
            "contacts, defaults, target."
        ),
        (
            "schema: ''. Allowed: a name of 1 to 128 characters, no control characters, comment "
            "marks or $(, no space at either end."
        ),
        "customer_type: 'uuid'. Allowed: one of int, bigint, nvarchar, varchar.",
        "sales.colum: no such key. Allowed: schema, table, customer, ticket, item, amount.",
        (
            "sales.table: 7. Allowed: a name of 1 to 128 characters, no control characters, "
            "comment marks or $(, no space at either end."
        ),
        "returns: 3. Allowed: a table of keys.",
        "defaults.n_clusters: 0. Allowed: 1 to 1000.",
        "defaults.max_k: True. Allowed: 2 to 100.",
        "defaults.scaling: 'minmax'. Allowed: one of none, standard, robust.",
        "defaults.max_change_percent: 101. Allowed: 0 to 100.",
    ]


@pytest.mark.parametrize("name", ["x" * 129, "a\\nb", " a", "a*/b"])
def test_parse_refuses_names_that_cannot_be_identifiers(name: str) -> None:
    assert faults_of(f'[contacts]\nemail = "{name}"')[0].startswith("contacts.email: ")


def test_parse_says_where_toml_is_broken() -> None:
    assert "at line 2" in faults_of('schema = "a"\nb = = 3')[0]


def test_load_without_a_file_gives_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert load() == Settings()


def test_load_finds_the_file_of_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("procluster.toml").write_text('schema = "crm"', encoding="utf-8")

    assert load().schema == "crm"


def test_load_of_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"nowhere\.toml: cannot be read: No such file or directory\. "
    ):
        load(tmp_path / "nowhere.toml")
