from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from indb_frames import expand, make_frame, on_a_line, returns

from procluster.indb.features import FEATURE_NAMES
from procluster.indb.vectors import (
    feature_scale,
    frame_faults,
    read_vectors,
    usable_vectors,
    weighted_quantiles,
)

ZEROS = [0.0, 0.0, 0.0, 0.0]


def test_vectors_are_merged_with_their_customers() -> None:
    vectors, _ = read_vectors(on_a_line([2, 1, 2], [3, 4, 5]))
    assert vectors.customers.tolist() == [4, 8]


def test_vectors_are_merged_where_one_number_cannot_tell_them_apart() -> None:
    rows = [[1e90, 1, 0, 0], [1e90, 0, 0, 2], [1e90, 1, 0, 0], [1e90, 0, 5, 2]] * 25
    vectors, _ = read_vectors(make_frame(rows))
    assert vectors.values.tolist() == [[1e90, 0, 0, 2], [1e90, 0, 5, 2], [1e90, 1, 0, 0]]
    assert vectors.customers.tolist() == [25, 25, 50]


def test_vectors_do_not_depend_on_the_order_of_rows() -> None:
    frame = returns()
    shuffled = frame.sample(frac=1, random_state=3)
    for one, other in zip(read_vectors(frame)[0][:2], read_vectors(shuffled)[0][:2]):
        assert one.tolist() == other.tolist()


def test_vectors_of_rows_lead_back_to_the_rows() -> None:
    frame = returns()
    vectors, row_vectors = read_vectors(frame)
    assert (vectors.values[row_vectors] == frame[FEATURE_NAMES].values).all()


def test_negative_zero_is_zero() -> None:
    values = read_vectors(on_a_line([-0.0, 0.0]))[0].values
    assert str(values.tolist()) == "[[0.0, 0.0, 0.0, 0.0]]"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_row_with_a_value_that_is_no_number_is_left_out(value: float) -> None:
    vectors, row_vectors = read_vectors(make_frame([ZEROS, [0, 0, value, 0]]))
    assert vectors.values.tolist() == [ZEROS]
    assert row_vectors.tolist() == [0, -1]


def test_left_out_customers_are_counted_by_reason_and_feature() -> None:
    nan, inf = np.nan, np.inf
    frame = make_frame([ZEROS, [nan, inf, 0, 0], [nan, 0, 0, -inf], [0, 0, 0, nan]], [9, 1, 2, 4])
    assert read_vectors(frame)[0].left_out == {
        "customers": 7,
        "null": {"order_ratio": 3, "frequency": 4},
        "infinite": {"items_ratio": 1, "frequency": 2},
    }


def test_null_in_an_object_column_is_left_out() -> None:
    frame = on_a_line([0, 1])
    frame["frequency"] = pd.Series([None, 1.0], dtype=object)
    assert read_vectors(frame)[0].left_out["null"] == {"frequency": 1}


def test_negative_values_are_counted_and_kept() -> None:
    vectors, _ = read_vectors(make_frame([ZEROS, [0, -1, 0, 0]], [5, 2]))
    assert vectors.negative == {"items_ratio": 2}
    assert len(vectors.values) == 2


def test_checks_are_printed_when_there_is_something(capsys: pytest.CaptureFixture[str]) -> None:
    usable_vectors(make_frame([ZEROS, [0, -1, 0, 0], [np.nan, 0, 0, 0]], [5, 2, 3]))
    assert capsys.readouterr().out.splitlines() == [
        "Customers left out: 3 of 10 (order_ratio is NULL for 3).",
        "Customers with negative values, kept: items_ratio for 2.",
    ]


def test_checks_print_nothing_when_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    usable_vectors(returns())
    assert capsys.readouterr().out == ""


def test_no_customers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"customers: there are none"):
        usable_vectors(make_frame(np.zeros((0, 4))))


def test_customers_that_are_all_unusable_are_refused() -> None:
    with pytest.raises(ValueError, match=r"there are none to cluster \(2 left out\)"):
        usable_vectors(on_a_line([np.nan], 2))


def test_fewer_vectors_than_clusters_are_refused_with_both_numbers() -> None:
    with pytest.raises(ValueError, match=r"^n_clusters: 5 .* at least 5 .* there are 2\. .*1 to 2"):
        usable_vectors(on_a_line([0, 1, 1]), 5)


def test_every_missing_column_is_a_fault() -> None:
    faults = frame_faults(returns().drop(columns=["frequency", "customers"]))
    assert [fault.split(":")[0] for fault in faults] == ["frequency", "customers"]


def test_text_in_a_feature_is_a_fault() -> None:
    frame = on_a_line([0, 1])
    frame["frequency"] = ["many", "few"]
    faults = frame_faults(frame)
    assert len(faults) == 1
    assert faults[0].startswith("frequency: could not convert string to float")


@pytest.mark.parametrize("count", [0, -1, 0.5, np.nan, np.inf])
def test_customers_that_are_no_count_are_a_fault(count: float) -> None:
    expected = f"customers: {float(count)!r} cannot be used (rows like it: 1). Allowed: numbers"
    faults = frame_faults(on_a_line([0, 1], [1, count]))
    assert [fault[: len(expected)] for fault in faults] == [expected]


def test_value_too_large_to_be_squared_is_a_fault() -> None:
    faults = frame_faults(on_a_line([0, -1e200]))
    assert faults[0].startswith("order_ratio: -1e+200 cannot be used")


def test_scale_none_is_one() -> None:
    assert feature_scale(read_vectors(returns())[0], "none").tolist() == [1, 1, 1, 1]


def test_scale_standard_is_the_deviation_over_the_customers() -> None:
    frame = returns()
    scale = feature_scale(read_vectors(frame)[0], "standard")
    assert scale == pytest.approx(expand(frame).std(axis=0), rel=1e-12)


def test_scale_robust_is_the_interquartile_range_over_the_customers() -> None:
    frame = on_a_line([1, 2, 3, 10], [1, 2, 4, 1])
    assert feature_scale(read_vectors(frame)[0], "robust").tolist() == [1, 1, 1, 1]
    frame = on_a_line([1, 2, 5, 10], [2, 1, 3, 2])
    assert feature_scale(read_vectors(frame)[0], "robust")[0] == 4


@pytest.mark.parametrize("scaling", ["standard", "robust"])
def test_scale_of_a_constant_feature_is_one(scaling: str) -> None:
    vectors, _ = read_vectors(make_frame([[0.1, 0, 0, 1], [0.1, 0, 0, 2], [0.1, 0, 0, 4]]))
    assert feature_scale(vectors, scaling)[0] == 1


def test_scale_that_would_overflow_is_one() -> None:
    vectors, _ = read_vectors(on_a_line([0, 1e-300, 2e-300, 1e50], [1, 1, 1, 1]))
    assert feature_scale(vectors, "robust")[0] == 1


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.75, 1.0])
def test_quantiles_are_those_of_the_expanded_values(share: float) -> None:
    values, weights = np.array([3.0, 1.0, 7.0, 2.0]), np.array([5, 1, 2, 9])
    expanded = np.sort(np.repeat(values, weights))
    expected = expanded[int(np.ceil(share * len(expanded))) - 1]
    assert weighted_quantiles(values, weights, (share,)).tolist() == [expected]
