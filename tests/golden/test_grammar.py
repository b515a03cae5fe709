"""Microsoft's own grammar accepts every batch (maxdop is built on its ScriptDom)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from procluster.catalog import render
from procluster.generator.render import Script
from procluster.settings import Contacts, Returns, Sales, Settings

VERSIONS = ("2017", "2019", "2022", "2025")
HOSTILE = Settings(
    schema="se]g'[ment",
    customer_type="nvarchar",
    sales=Sales(schema="my 'shop'", table="order", customer="Käu]fer", ticket="--", item="1st"),
    returns=Returns(table='"quoted"', amount="a;DROP TABLE x"),
    contacts=Contacts(table="x" * 128, email="客户 e-mail"),
)


def parse(text: str, version: str) -> str:
    """What the parser complains of; nothing when it accepts the batch."""
    command = [str(Path(sys.executable).with_name("maxdop")), "--parser-version", version]
    run = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return run.stderr if run.returncode else ""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("script", render(Settings()), ids=lambda script: script.name)
def test_grammar_accepts_every_batch(script: Script, version: str) -> None:
    assert parse(script.text, version) == ""


@pytest.mark.parametrize("script", render(HOSTILE), ids=lambda script: script.file_name)
def test_grammar_accepts_hostile_names(script: Script) -> None:
    assert parse(script.text, "2017") == ""


@pytest.mark.parametrize("version", VERSIONS)
def test_grammar_refuses_what_is_wrong(version: str) -> None:
    assert "error 46010" in parse("EXEC seg.check;", version)
