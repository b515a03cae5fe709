"""A call: what a script finds, what it gives back, and what it does not leave behind."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from procluster.errors import SqlError
from procluster.local.results import Column
from procluster.local.types import resolve
from procluster.satellite import Satellite, ScriptCall, ScriptResult

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., ScriptResult]


def test_script_prints_after_success(run: Run) -> None:
    assert run("print('one'); print('two')").printed == "one\ntwo\n"


def test_printed_text_keeps_the_order_of_both_streams(run: Run) -> None:
    script = "import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')"

    assert run(script).printed == "a\nb\nc\n"


def test_printed_text_includes_what_is_written_beneath_python(run: Run) -> None:
    assert run("import os\nos.write(1, b'low')\nos.system('echo shell')").printed == "lowshell\n"


def test_printed_text_is_cut_after_a_megabyte(run: Run) -> None:
    printed = run("print('x' * (1 << 21))").printed

    assert printed.endswith("x\n... the rest of the output is left out")
    assert len(printed) < (1 << 20) + 100


def test_script_runs_as_main_without_a_file(run: Run) -> None:
    assert run("print(__name__, '__file__' in globals())").printed == "__main__ False\n"


def test_script_can_pickle_its_own_classes(run: Run) -> None:
    script = "import pickle\nclass A:\n    n = 1\nprint(type(pickle.loads(pickle.dumps(A()))) is A)"

    assert run(script).printed == "True\n"


@pytest.mark.parametrize("name", ["os", "sys", "platform", "DataFrame", "np"])
def test_script_finds_the_name_of_an_extension(run: Run, name: str) -> None:
    assert run(f"{name}").notes == (
        f"name {name}: set by a language extension only. Import it in the script.",
    )


def test_imported_name_needs_no_note(run: Run) -> None:
    assert run("import numpy as np\nnp.zeros(1)").notes == ()


@pytest.mark.parametrize("name", ["pd", "pandas", "pa", "procluster"])
def test_script_does_not_find_other_names(run: Run, name: str) -> None:
    with pytest.raises(SqlError, match=f"NameError: name '{name}' is not defined"):
        run(name)


def test_script_cannot_import_this_package(run: Run) -> None:
    with pytest.raises(SqlError, match="ModuleNotFoundError: import of procluster"):
        run("import procluster")


def test_future_imports_of_the_host_are_not_the_script_s(run: Run) -> None:
    assert run("def f(x: int): pass\nprint(f.__annotations__)").printed == "{'x': <class 'int'>}\n"


def test_script_with_crlf_runs(run: Run) -> None:
    assert run("if True:\r\n    print('yes')\r\n").printed == "yes\n"


def test_script_reads_nothing_from_standard_input(run: Run) -> None:
    with pytest.raises(SqlError, match="EOFError"):
        run("input()")


def test_frames_have_the_given_names(run: Run) -> None:
    result = run("there = here * 2", rows={"x": ("int", [21])}, names=("here", "there"))

    assert result.frame is not None
    assert result.frame.to_pydict() == {"c0": [42]}


def test_input_without_a_query_is_an_empty_frame(run: Run) -> None:
    assert run("print(InputDataSet.shape)").printed == "(0, 0)\n"


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("bit", True, "True"),
        ("tinyint", 255, "255"),
        ("smallint", -1, "-1"),
        ("int", 7, "7"),
        ("bigint", 2**62 + 1, "4611686018427387905"),
        ("real", 0.5, "0.5"),
        ("float", 0.1, "0.1"),
        ("varchar(9)", "it's", '"it\'s"'),
        ("nvarchar(max)", "ü\n\U0001f600", "'ü\\n\U0001f600'"),
        ("varbinary(max)", b"\0\xff", "b'\\x00\\xff'"),
        ("date", dt.date(2020, 2, 29), "datetime.date(2020, 2, 29)"),
        ("datetime", dt.datetime(2020, 1, 1, 1, 2, 3), "datetime.datetime(2020, 1, 1, 1, 2, 3)"),
        ("int", None, "None"),
        ("nvarchar(5)", None, "None"),
    ],
)
def test_input_parameter_is_a_global(run: Run, kind: str, value: object, shown: str) -> None:
    assert run("print(repr(p))", given={"p": (kind, value)}).printed == f"{shown}\n"


def test_parameter_hides_a_preset_name(run: Run) -> None:
    assert run("print(np)", given={"np": ("int", 3)}).printed == "3\n"


@pytest.mark.parametrize(
    "kind", ["datetime2(7)", "decimal(7, 2)", "money", "uniqueidentifier", "rowversion"]
)
def test_parameter_of_a_type_one_host_rejects_is_39018(run: Run, kind: str) -> None:
    with pytest.raises(SqlError, match="'@p' uses a data type") as caught:
        run("", given={"p": (kind, None)})

    assert caught.value.number == 39018


def test_globals_are_fresh_in_the_next_call(run: Run) -> None:
    run("leftover = 1")

    with pytest.raises(SqlError, match="NameError: name 'leftover' is not defined"):
        run("leftover")


def test_process_is_the_same_in_the_next_call(run: Run) -> None:
    script = "import os\nprint(os.getpid())"

    assert run(script).printed == run(script).printed


def test_modules_stay_loaded_for_the_next_call(run: Run) -> None:
    run("import wave")

    assert run("import sys\nprint('wave' in sys.modules)").printed == "True\n"


@pytest.mark.parametrize(
    ("change", "look", "shown"),
    [
        (
            "import os\nos.environ['X_LEFT'] = '1'",
            "import os\nprint('X_LEFT' in os.environ)",
            "False",
        ),
        ("import sys\nsys.path.append('x')", "import sys\nprint('x' in sys.path)", "False"),
        ("import sys\nsys.argv.append('x')", "import sys\nprint(sys.argv)", "['']"),
        ("import sys\nsys.stdout = None", "print('seen')", "seen"),
        ("import os\nos.close(1)", "print('seen')", "seen"),
        ("open('left.txt', 'w')", "import os\nprint(os.listdir())", "[]"),
        (
            "import warnings\nwarnings.simplefilter('error')",
            "import warnings\nwarnings.warn_explicit('w', UserWarning, 'f', 1)\nprint()",
            "f:1: UserWarning: w\n",
        ),
    ],
)
def test_change_does_not_outlive_its_call(run: Run, change: str, look: str, shown: str) -> None:
    run(change)

    assert run(look).printed == f"{shown}\n"


def test_seed_does_not_outlive_its_call(run: Run) -> None:
    draw = "import numpy, random\nprint(numpy.random.rand(), random.random())"
    seed = "import numpy, random\nnumpy.random.seed(1)\nrandom.seed(1)\n"
    seeded = run(seed + draw).printed
    run(seed)

    assert run(draw).printed != seeded


def test_thread_left_behind_gives_the_next_call_a_fresh_process(run: Run) -> None:
    before = run("import os\nprint(os.getpid())").printed
    run("import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()")

    assert run("import os\nprint(os.getpid())").printed != before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_forked_script_answers_once(run: Run) -> None:
    script = "import os, warnings\nwarnings.simplefilter('ignore')\nif os.fork(): print('parent')"

    assert [run(script).printed for _ in range(3)] == ["parent\n"] * 3


def test_million_rows_go_there_and_back(satellite: Satellite) -> None:
    n = 10**6
    kinds = [resolve(name) for name in ("float", "int", "float", "real")]
    arrays = {
        "c0": pa.array(np.arange(n) * 0.5),
        "c1": pa.array(np.arange(n, dtype="int32")),
        "c2": pa.array(np.ones(n)),
        "c3": pa.array(np.ones(n, dtype="float32")),
        "c4": pa.array([f"customer {i}" for i in range(n)], pa.large_string()),
    }
    columns = tuple(
        Column(f"x{i}", kind) for i, kind in enumerate([*kinds, resolve("nvarchar", 30)])
    )

    result = satellite.run(
        ScriptCall("b = a", "a", "b", columns, pa.table(arrays), ()),
    )

    assert result.frame is not None
    assert result.frame.equals(pa.table(arrays))


def test_closed_satellite_says_so(make_call: Callable[..., ScriptCall]) -> None:
    closed = Satellite()
    closed.close()

    with pytest.raises(ValueError, match="it is closed"):
        closed.run(make_call(""))


@pytest.mark.parametrize("parts", [{"time_out": 0.0}, {"memory_limit": 0}])
def test_senseless_limit_is_refused(parts: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(parts))):
        Satellite(**parts)  # type: ignore[arg-type]
