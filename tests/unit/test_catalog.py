"""The application's objects: their names, their order, their bytes."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from procluster.catalog import OBJECTS, context, needs, render
from procluster.deploy.needs import TEXTS
from procluster.errors import RenderError
from procluster.generator.render import install_script
from procluster.indb.features import FEATURES, Feature
from procluster.settings import Contacts, Sales, Settings

KEYS = ("ss_customer_sk", "sr_customer_sk", "c_customer_sk")
PRINT_HASHES = """
from procluster.catalog import render
from procluster.settings import Settings
print([script.sha256 for script in render(Settings())])
"""


def test_render_gives_every_object_in_order() -> None:
    names = [script.name for script in render(Settings())]

    assert names == [one.name for one in OBJECTS]


def test_objects_come_after_those_they_call() -> None:
    """Else a server says that the module depends on a missing object."""
    early, deployed = [], {"sp_getapplock", "sp_releaseapplock", "sp_execute_external_script"}
    for script in render(Settings()):
        code = re.sub(r"/\*.*?\*/|N'(?:[^']|'')*'", "", script.text, flags=re.DOTALL)
        called = set(re.findall(r"^ *EXEC (?:@\w+ = )?([\w.]+)$", code, flags=re.MULTILINE))
        early += [f"{script.name} calls {name}" for name in called - deployed]
        deployed.add(script.name)

    assert early == []


def test_render_gives_the_same_bytes_in_every_process() -> None:
    def hashes(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", PRINT_HASHES]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        ).stdout

    assert hashes("1") == hashes("2")


def test_render_uses_the_schema_everywhere() -> None:
    scripts = render(Settings(schema="crm"))

    assert not [script.name for script in scripts if "seg." in script.text]


def test_render_chooses_by_short_and_full_name() -> None:
    scripts = render(Settings(schema="crm"), ["TRAIN", "crm.model"])

    assert [script.name for script in scripts] == ["crm.model", "crm.train"]


def test_render_names_every_unknown_object() -> None:
    with pytest.raises(RenderError) as caught:
        render(Settings(), ["trian", "train", "xyzzy"])

    first, second = str(caught.value).split("\n")
    assert first.startswith("trian: no such object. Near to it: ")
    assert "train" in first
    assert second.startswith("xyzzy: no such object. Allowed: ")


def test_render_maps_tables_and_columns() -> None:
    settings = Settings(
        sales=Sales(schema="crm", table="lines", customer="buyer"),
        contacts=Contacts(table="people", email="mail"),
    )

    view, contacts = render(settings, ["customer_feature_source", "contacts"])

    assert "FROM crm.lines AS s" in view.text
    assert "GROUP BY s.buyer" in view.text
    assert "c.mail AS email" in contacts.text


def test_render_types_the_customer() -> None:
    (table,) = render(Settings(customer_type="nvarchar", customer_length=30), ["customer_feature"])

    assert "customer_id nvarchar(30) NOT NULL" in table.text


def test_needs_keys_of_text_where_the_customers_are_text() -> None:
    found = needs(Settings(customer_type="nvarchar")).tables

    assert {one.columns[key] for one, key in zip(found, KEYS, strict=True)} == {TEXTS}


@pytest.mark.parametrize(
    ("customer_type", "collation"),
    [("int", ""), ("varchar", " COLLATE database_default")],
)
def test_render_compares_keys_of_text_in_the_collation_of_the_database(
    customer_type: str, collation: str
) -> None:
    """A column of another collation than ours is error 468 in a join."""
    names = ["customer_feature_source", "build_features", "contacts"]

    text = "".join(one.text for one in render(Settings(customer_type=customer_type), names))

    assert f"SELECT\n        s.ss_customer_sk{collation} AS customer_id" in text
    assert f"GROUP BY s.ss_customer_sk{collation}\n" in text
    assert f"SELECT\n        r.sr_customer_sk{collation} AS customer_id" in text
    assert f"GROUP BY r.sr_customer_sk{collation}\n" in text
    assert f"ON f.customer_id = r.sr_customer_sk{collation}\n" in text
    assert f"ON c.c_customer_sk{collation} = a.customer_id" in text


@pytest.mark.parametrize(
    "name", ["customer_feature", "model_centroid", "classify", "assign", "profile"]
)
def test_feature_is_added_in_one_place(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    basket = Feature("basket", "CAST(sale.items AS float)", "items bought")
    monkeypatch.setattr(context, "FEATURES", (*FEATURES, basket))

    (script,) = render(Settings(), [name])

    assert "basket" in script.text


def test_scripts_name_every_column_they_read() -> None:
    code = re.sub(r"/\*.*?\*/", "", install_script(render(Settings())), flags=re.DOTALL)

    assert re.findall(r"SELECT (?:\w+\.)?\*", code) == []


def test_scripts_hold_no_sqlcmd_variable() -> None:
    assert "$(" not in install_script(render(Settings()))


def test_scripts_hold_no_concatenated_python() -> None:
    (script,) = render(Settings(), ["train"])

    assert "import numpy as np" in script.text
    assert "@script = N'\n# ---- " in script.text


def test_scripts_outputs_are_not_cut_in_sessions_of_sql_server_agent() -> None:
    calling = [one for one in render(Settings()) if "EXEC sp_execute_external_script" in one.text]

    assert calling
    assert [one.name for one in calling if "SET TEXTSIZE 2147483647;" not in one.text] == []
