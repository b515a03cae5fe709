"""The bundle: what is embedded, and where it says that it failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from procluster.errors import RenderError
from procluster.generator.bundle import Module, bundle, collect

FIRST = Module(
    "app/first.py",
    '''"""First."""

import math


def divide(a, b):
    return math.floor(a) / b
''',
)
SECOND = Module(
    "app/second.py",
    '''"""Second."""

from app.first import (
    divide,
)


def refuse(value):
    raise ValueError("value: %s" % value)


def call(a, b):
    return divide(a, b)
''',
)
GLUE = """
try:
    result = {call}
except Exception as error:
    result = locate(error)
"""


def run(script: str) -> Any:
    """What ``result`` holds after the script ran as the hosts run it."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(script, "<string>", "exec"), names)  # noqa: S102 - our own text
    return names["result"]


def test_bundle_keeps_modules_verbatim() -> None:
    script = bundle((FIRST,), "x = 1")

    assert FIRST.source in script


def test_bundle_blanks_imports_between_modules() -> None:
    script = bundle((FIRST, SECOND), "x = 1")

    assert "from app.first" not in script
    assert "import math" in script


def test_bundle_keeps_line_numbers_of_modules() -> None:
    lines = bundle((FIRST, SECOND), "x = 1").split("\n")

    start = lines.index("# ---- app/second.py") + 1

    assert lines[start + 7].startswith("def refuse")
    assert SECOND.source.split("\n")[7].startswith("def refuse")


def test_bundle_runs_the_glue() -> None:
    script = bundle((FIRST, SECOND), GLUE.format(call="call(7, 2)"))

    assert run(script) == 3.5


@pytest.mark.parametrize("modules", [(FIRST,), (FIRST, SECOND)])
def test_locate_names_module_and_line(modules: tuple[Module, ...]) -> None:
    script = bundle(modules, GLUE.format(call="divide(1, 0)"))

    assert run(script).startswith("first.py, line 7: ZeroDivisionError: ")


def test_locate_names_the_line_of_the_glue() -> None:
    script = bundle((FIRST,), GLUE.format(call="missing"))

    assert run(script).startswith("glue, line 2: NameError: ")


def test_locate_lets_a_value_error_speak_for_itself() -> None:
    script = bundle((FIRST, SECOND), GLUE.format(call="refuse(3)"))

    assert run(script) == "value: 3"


def test_bundle_refuses_names_defined_twice_all_at_once() -> None:
    other = Module("app/other.py", "def divide():\n    pass\nname = 'ä'\n")

    with pytest.raises(RenderError) as caught:
        bundle((FIRST, other), "")

    assert str(caught.value).split("\n") == [
        "app/other.py: has characters beyond ASCII. Use ASCII only.",
        "app/other.py: 'divide' is defined in app/first.py too. Rename one.",
    ]


def test_collect_puts_every_module_after_what_it_needs(tmp_path: Path) -> None:
    sources = {
        "top": "from app.middle import x\nfrom app.low import y\n",
        "middle": "import math\nfrom app.low import y\nx = math.pi\n",
        "low": "y = 1\n",
        "other": "z = 2\n",
    }
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")

    modules = collect(tmp_path, "app", ("top",))

    assert [module.path for module in modules] == ["app/low.py", "app/middle.py", "app/top.py"]
