"""What both hosts do with types, cell by cell, as a script sees it that T-SQL calls.

Each row is a row of the tables in Microsoft's "Data type mappings between Python and SQL Server"
and of what the language extension's source does: a T-SQL type, its dtype without NULL, with NULL
and without rows, and the dtype on the other host where it is another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from procluster.errors import SqlError
from procluster.local.database import Database, Session
from procluster.local.results import Event, Message, ResultSet
from procluster.satellite import Satellite

PRINTED = "STDOUT message(s) from external script: \n"


@dataclass(frozen=True)
class Answer:
    """What a call sent: printed text, warnings, rows, errors."""

    printed: str
    warnings: list[str]
    rows: list[tuple[object, ...]] | None
    errors: list[int]
    text: str


Call = Callable[..., Answer]


@pytest.fixture(scope="module")
def session(satellite: Satellite) -> Iterator[Session]:
    with Database(satellite=satellite) as database:
        yield database.connect()


@pytest.fixture
def call(session: Session) -> Call:
    """``call(script, query, before="DECLARE ...", rest="@params = ...")``."""

    def run(script: str, query: str = "", *, before: str = "", rest: str = "") -> Answer:
        def quoted(text: str) -> str:
            return text.replace("'", "''")

        batch = f"{before} EXEC sp_execute_external_script @language = N'Python', "
        batch += f"@script = N'{quoted(script)}'"
        batch += f", @input_data_1 = N'{quoted(query)}'" if query else ""
        events: list[Event] = []
        session.execute(batch + rest, events.append)
        texts = [event.text for event in events if isinstance(event, Message)]
        errors = [event for event in events if isinstance(event, SqlError)]
        results = [event.rows() for event in events if isinstance(event, ResultSet)]
        return Answer(
            printed="".join(t.removeprefix(PRINTED) for t in texts if t.startswith(PRINTED)),
            warnings=[text for text in texts if not text.startswith(PRINTED)],
            rows=results[-1] if results else None,
            errors=[error.number for error in errors],
            text="\n".join(error.message for error in errors),
        )

    return run


# --- in: T-SQL type, a value, dtype without NULL, with NULL, without rows ------------------------

INPUT = [
    ("bit", "1", "bool", "object", "bool"),
    ("tinyint", "255", "uint8", "float64", "uint8"),
    ("smallint", "-5", "int16", "float64", "int16"),
    ("int", "-5", "int32", "float64", "int32"),
    ("bigint", "-5", "int64", "float64", "int64"),
    ("real", "0.5", "float32", "float64", "float32"),
    ("float", "0.5", "float64", "float64", "float64"),
    ("char(3)", "'a'", "object", "object", "object"),
    ("varchar(3)", "'a'", "object", "object", "object"),
    ("varchar(max)", "'a'", "object", "object", "object"),
    ("nchar(3)", "N'a'", "object", "object", "object"),
    ("nvarchar(3)", "N'a'", "object", "object", "object"),
    ("nvarchar(max)", "N'a'", "object", "object", "object"),
    ("varbinary(2)", "0x01", "object", "object", "object"),
    ("varbinary(max)", "0x01", "object", "object", "object"),
    ("date", "'2020-01-02'", "object", "object", "object"),
    ("datetime", "'2020-01-02'", "datetime64[ns]", "datetime64[ns]", "object"),
    ("smalldatetime", "'2020-01-02'", "datetime64[ns]", "datetime64[ns]", "object"),
]
DTYPE = "print(InputDataSet['x'].dtype)"


def query_of(kind: str, *values: str, where: str = "") -> str:
    rows = " UNION ALL ".join(f"SELECT CAST({value} AS {kind}) AS x{where}" for value in values)
    return f"SELECT v.x FROM ({rows}) AS v"


@pytest.mark.parametrize(("kind", "value", "dtype", "_null", "_empty"), INPUT)
def test_column_without_null_arrives_as(
    call: Call, kind: str, value: str, dtype: str, _null: str, _empty: str
) -> None:
    assert call(DTYPE, query_of(kind, value)).printed == f"{dtype}\n"


@pytest.mark.parametrize(("kind", "value", "_dtype", "null", "_empty"), INPUT)
def test_column_with_null_arrives_as(
    call: Call, kind: str, value: str, _dtype: str, null: str, _empty: str
) -> None:
    assert call(DTYPE, query_of(kind, value, "NULL")).printed == f"{null}\n"


@pytest.mark.parametrize(("kind", "value", "_dtype", "_null", "empty"), INPUT)
def test_column_without_rows_arrives_as(
    call: Call, kind: str, value: str, _dtype: str, _null: str, empty: str
) -> None:
    assert call(DTYPE, query_of(kind, value, where=" WHERE 1 = 0")).printed == f"{empty}\n"


NULLS = [
    ("bit", "[None]"),
    ("tinyint", "[nan]"),
    ("smallint", "[nan]"),
    ("int", "[nan]"),
    ("bigint", "[nan]"),
    ("real", "[nan]"),
    ("float", "[nan]"),
    ("nvarchar(3)", "[None]"),
    ("varbinary(3)", "[None]"),
    ("date", "[None]"),
    ("datetime", "[NaT]"),
]


@pytest.mark.parametrize(("kind", "shown"), NULLS)
def test_null_arrives_as(call: Call, kind: str, shown: str) -> None:
    script = "print(InputDataSet['x'].tolist())"

    assert call(script, query_of(kind, "NULL")).printed == f"{shown}\n"


VALUES = [
    ("bit", "1", "True bool"),
    ("char(3)", "'a'", "'a  ' str"),
    ("nvarchar(3)", "N''", "'' str"),
    ("nvarchar(3)", "N'ü'", "'ü' str"),
    ("varbinary(2)", "0x00FF", r"b'\x00\xff' bytes"),
    ("date", "'9999-12-31'", "datetime.date(9999, 12, 31) date"),
]


@pytest.mark.parametrize(("kind", "value", "shown"), VALUES)
def test_value_arrives_as(call: Call, kind: str, value: str, shown: str) -> None:
    script = "x = InputDataSet['x'].tolist()[0]\nprint(repr(x), type(x).__name__)"

    assert call(script, query_of(kind, value)).printed == f"{shown}\n"


OTHER_HOST = [
    ("bit", ("1", "NULL"), "object", "bool"),
    ("tinyint", ("1",), "uint8", "int32"),
    ("smallint", ("1",), "int16", "int32"),
    ("bigint", ("1",), "int64", "float64"),
    ("real", ("1",), "float32", "float64"),
    ("date", ("'2020-01-02'",), "object", "datetime64[ns]"),
]


@pytest.mark.parametrize(("kind", "values", "here", "there"), OTHER_HOST)
def test_dtype_of_the_other_host_is_a_warning_that_names_the_column(
    call: Call, kind: str, values: tuple[str, ...], here: str, there: str
) -> None:
    (warning,) = call("", query_of(kind, *values)).warnings

    assert warning.startswith(f"input column 'x' ({kind}): {here} here")
    assert f"{there} where Python is built in" in warning


@pytest.mark.parametrize("kind", ["datetime", "smalldatetime"])
def test_moments_without_rows_warn_of_the_documented_dtype(call: Call, kind: str) -> None:
    (warning,) = call("", query_of(kind, "'2020-01-02'", where=" WHERE 1 = 0")).warnings

    assert warning.startswith(f"input column 'x' ({kind}): object here")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bit", ("1",)),
        ("int", ("1",)),
        ("int", ("1", "NULL")),
        ("float", ("1", "NULL")),
        ("nvarchar(3)", ("N'a'", "NULL")),
        ("varbinary(3)", ("0x01", "NULL")),
        ("datetime", ("'2020-01-02'", "NULL")),
    ],
)
def test_what_both_hosts_do_alike_is_no_warning(
    call: Call, kind: str, values: tuple[str, ...]
) -> None:
    assert call("", query_of(kind, *values)).warnings == []


def test_digits_that_a_null_would_cost_are_a_warning(call: Call) -> None:
    warnings = call("", query_of("bigint", "9007199254740993")).warnings

    assert any("beyond 2^53" in warning for warning in warnings)


@pytest.mark.parametrize(
    "kind",
    [
        "datetime2", "datetime2(3)", "uniqueidentifier", "numeric(9, 2)", "decimal(9, 2)", "money",
        "smallmoney", "time", "datetimeoffset", "xml", "sql_variant", "hierarchyid", "geometry",
        "geography", "text", "ntext", "image", "cursor", "timestamp", "rowversion",
    ],
)  # fmt: skip
def test_type_that_a_host_rejects_never_reaches_a_script(call: Call, kind: str) -> None:
    answer = call("print('reached')", f"SELECT CAST(NULL AS {kind}) AS x")

    assert answer.printed == ""
    assert answer.errors in ([39017], [40510])  # 40510: the engine has no such type at all


@pytest.mark.parametrize("kind", ["datetime2", "decimal(9, 2)", "uniqueidentifier", "money"])
def test_parameter_of_a_type_that_a_host_rejects_never_reaches_a_script(
    call: Call, kind: str
) -> None:
    answer = call("print('reached')", rest=f", @params = N'@p {kind}', @p = NULL")

    assert (answer.printed, answer.errors) == ("", [39018])


@pytest.mark.parametrize("names", ["1 AS x, 2 AS x", "1 AS [], 2 AS []"])
def test_last_column_of_a_name_wins_with_a_warning(call: Call, names: str) -> None:
    if "[]" in names:
        names = "1, 2"
    answer = call("print(InputDataSet.iloc[0].tolist())", f"SELECT {names}")

    assert answer.printed == "[2]\n"
    assert "the last column wins" in answer.warnings[0]


def test_no_query_is_an_empty_frame(call: Call) -> None:
    assert call("print(InputDataSet.shape, type(InputDataSet).__name__)").printed == (
        "(0, 0) DataFrame\n"
    )


# --- parameters: T-SQL type, a value in T-SQL, what Python sees ----------------------------------

PARAMETERS = [
    ("bit", "1", "True bool"),
    ("tinyint", "255", "255 int"),
    ("smallint", "-5", "-5 int"),
    ("int", "-5", "-5 int"),
    ("bigint", "9007199254740993", "9007199254740993 int"),
    ("real", "0.5", "0.5 float"),
    ("float", "0.1", "0.1 float"),
    ("varchar(9)", "'a'", "'a' str"),
    ("nvarchar(max)", "N'ü'", "'ü' str"),
    ("varbinary(9)", "0x00FF", r"b'\x00\xff' bytes"),
    ("date", "'2020-01-02'", "datetime.date(2020, 1, 2) date"),
    ("datetime", "'2020-01-02'", "datetime.datetime(2020, 1, 2, 0, 0) datetime"),
    ("int", "NULL", "None NoneType"),
    ("nvarchar(9)", "NULL", "None NoneType"),
]


@pytest.mark.parametrize(("kind", "value", "shown"), PARAMETERS)
def test_parameter_is_a_global(call: Call, kind: str, value: str, shown: str) -> None:
    answer = call(
        "print(repr(p), type(p).__name__)",
        before=f"DECLARE @v {kind} = {value};",
        rest=f", @params = N'@p {kind}', @p = @v",
    )

    assert answer.printed == f"{shown}\n"


LOST = [
    ("int", "3.0"),
    ("int", "'3'"),
    ("int", "float('nan')"),
    ("int", "np.int64(3)"),
    ("float", "np.float32(3)"),
    ("float", "float('nan')"),
    ("float", "float('inf')"),
    ("bit", "np.int64(1)"),
    ("nvarchar(9)", "3"),
]


@pytest.mark.parametrize(("kind", "value"), LOST)
def test_output_value_that_a_host_loses_is_an_error(call: Call, kind: str, value: str) -> None:
    answer = call(
        f"import numpy as np\np = {value}",
        before=f"DECLARE @v {kind};",
        rest=f", @params = N'@p {kind} OUTPUT', @p = @v OUTPUT",
    )

    assert answer.errors == [39004]
    assert "OUTPUT parameter @p" in answer.text


@pytest.mark.parametrize("kind", ["int", "nvarchar(max)", "varbinary(max)"])
def test_output_parameter_without_a_value_is_an_error(call: Call, kind: str) -> None:
    answer = call(
        "", before=f"DECLARE @v {kind};", rest=f", @params = N'@p {kind} OUTPUT', @p = @v OUTPUT"
    )

    assert answer.errors == [39004]
    assert "the script never assigns it" in answer.text


@pytest.mark.parametrize("value", ["bytes(2)", "bytearray(2)"])
def test_varbinary_takes_bytes(call: Call, value: str) -> None:
    answer = call(
        f"p = {value}",
        before="DECLARE @v varbinary(9);",
        rest=", @params = N'@p varbinary(9) OUTPUT', @p = @v OUTPUT; SELECT @v",
    )

    assert answer.rows == [(b"\0\0",)]


# --- out: a column of the frame, and its rows in T-SQL -------------------------------------------

FRAME = "import numpy as np, pandas as pd\nOutputDataSet = pd.DataFrame({{'x': {}}})"

OUTPUT = [
    ("np.array([True, False])", [True, False]),
    ("np.array([255], 'uint8')", [255]),
    ("np.array([-5], 'int16')", [-5]),
    ("np.array([-5], 'int32')", [-5]),
    ("np.array([2**53 + 1], 'int64')", [2**53 + 1]),
    ("np.array([0.5], 'float32')", [0.5]),
    ("np.array([0.1, np.nan, np.inf, -np.inf])", [0.1, None, None, None]),
    ("pd.Series(['a', None], dtype=object)", ["a", None]),
    ("pd.Series([1, 2.5], dtype=object)", ["1", "2.5"]),
    ("pd.Series([b'a', None], dtype=object)", [b"a", None]),
    ("np.array(['NaT'], 'M8[ns]')", [None]),
]


@pytest.mark.parametrize(("values", "expected"), OUTPUT)
def test_column_of_the_frame_comes_back_as(call: Call, values: str, expected: list[object]) -> None:
    assert call(FRAME.format(values)).rows == [(value,) for value in expected]


def test_infinity_that_becomes_null_is_a_warning(call: Call) -> None:
    assert call(FRAME.format("np.array([np.inf])")).warnings == [
        "OutputDataSet column 'x': infinite values became NULL."
    ]


REJECTED = [
    "np.array([1], 'int8')",
    "np.array([1], 'uint16')",
    "np.array([1], 'uint32')",
    "np.array([1], 'uint64')",
    "np.array([1], 'float16')",
    "np.array([1j])",
    "np.array([1], 'm8[ns]')",
    "pd.Categorical(['a'])",
    "pd.array([1, None], 'Int64')",
    "pd.array([True, None], 'boolean')",
    "pd.array(['a'], 'string')",
    "pd.to_datetime(['2020-01-01']).tz_localize('UTC')",
    "pd.period_range('2020', periods=1, freq='D')",
    "pd.arrays.SparseArray([1.0])",
]


@pytest.mark.parametrize("values", REJECTED)
def test_dtype_that_a_host_rejects_is_an_error(call: Call, values: str) -> None:
    answer = call(FRAME.format(values))

    assert (answer.errors, answer.rows) == ([39004], None)
    assert "OutputDataSet column 'x': dtype " in answer.text


@pytest.mark.parametrize("word", ["np.nan", "pd.NaT", "pd.NA"])
def test_missing_value_that_would_become_a_word_is_an_error(call: Call, word: str) -> None:
    answer = call(FRAME.format(f"pd.Series(['a', {word}], dtype=object)"))

    assert answer.errors == [39004]


def test_columns_of_one_name_are_an_error(call: Call) -> None:
    script = "import numpy as np\nOutputDataSet = DataFrame(np.zeros((1, 2)), columns=['a', 'a'])"

    assert call(script).errors == [39004]


@pytest.mark.parametrize("value", ["None", "[1]", "{'x': [1]}"])
def test_anything_but_a_frame_is_an_error(call: Call, value: str) -> None:
    assert call(f"OutputDataSet = {value}").errors == [39004]


@pytest.mark.parametrize("script", ["", "OutputDataSet = DataFrame(index=[0, 1])"])
def test_frame_without_columns_is_no_result_set(call: Call, script: str) -> None:
    assert call(script).rows is None


def test_frame_without_rows_is_an_empty_result_set(call: Call) -> None:
    assert call(FRAME.format("np.zeros(0)")).rows == []


# --- script and errors ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["os", "sys", "platform", "DataFrame", "np"])
def test_name_that_one_host_defines_is_a_warning(call: Call, name: str) -> None:
    (warning,) = call(name).warnings

    assert warning.startswith(f"name {name}: set by a language extension only.")


@pytest.mark.parametrize("name", ["pd", "pandas", "numpy", "revoscalepy"])
def test_name_that_no_host_defines_is_an_error(call: Call, name: str) -> None:
    assert f"NameError: name '{name}' is not defined" in call(name).text


def test_script_is_main_and_has_no_file(call: Call) -> None:
    script = "print(__name__, '__file__' in globals())"

    assert call(script).printed == "__main__ False\n"


def test_what_is_printed_before_an_error_is_lost(call: Call) -> None:
    answer = call("print('lost')\nraise ValueError('kept')")

    assert (answer.printed, answer.errors) == ("", [39004])
    assert "ValueError: kept" in answer.text
    assert 'File "<string>", line 2' in answer.text


SCRIPTS = [("x = 1\r\ny = 2\r\n", []), ("  x = 1", [39004]),
           ("import sys\nsys.exit(0)", [39004])]  # fmt: skip


@pytest.mark.parametrize(("script", "errors"), SCRIPTS)
def test_script_as_a_server_reads_it(call: Call, script: str, errors: list[int]) -> None:
    assert call(script).errors == errors


# --- rules of the call ---------------------------------------------------------------------------

RULES = [
    (", @parallel = 1", [40510]),
    (", @parallel = 0", []),
    (", @params = N'@r_rowsPerRead int', @r_rowsPerRead = 5", [40510]),
    (", @input_data_1_order_by_columns = N'x'", [40510]),
    (", @input_data_1_partition_by_columns = N'x'", [40510]),
    (" WITH RESULT SETS ((y int))", []),
    (" WITH RESULT SETS ((y int, z int))", [11537]),
    (" WITH RESULT SETS ((y int), (z int))", [11536]),
]


@pytest.mark.parametrize(("rest", "errors"), RULES)
def test_rule_of_the_call(call: Call, rest: str, errors: list[int]) -> None:
    assert call("OutputDataSet = InputDataSet", "SELECT 1 AS x", rest=rest).errors == errors


PROCEDURE = """
CREATE PROCEDURE dbo.give AS
EXEC sp_execute_external_script
    @language = N'Python', @script = N'OutputDataSet = InputDataSet',
    @input_data_1 = N'SELECT 7 AS x'
WITH RESULT SETS ((y int));
"""


def test_procedure_with_result_sets_inside_is_the_source_of_insert(session: Session) -> None:
    session.query(PROCEDURE)
    session.query("CREATE TABLE #taken (y int); INSERT INTO #taken EXEC dbo.give;")

    assert session.query("SELECT y FROM #taken;")[-1].rows() == [(7,)]


def test_result_sets_do_not_go_with_insert_exec(session: Session) -> None:
    session.query("CREATE TABLE #none (y int);")

    with pytest.raises(SqlError):
        session.query("INSERT INTO #none EXEC dbo.give WITH RESULT SETS ((y int));")
