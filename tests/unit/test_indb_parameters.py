from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from procluster.indb.parameters import parameter_faults, refuse


def test_parameters_within_range_have_no_faults() -> None:
    given = {"n_clusters": 1000, "max_k": 1, "n_init": 1, "random_state": 0, "scaling": "robust"}
    assert parameter_faults(**given) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_clusters", 0),
        ("n_clusters", 1001),
        ("n_clusters", 10**9),
        ("n_clusters", None),
        ("n_clusters", 4.0),
        ("n_clusters", True),
        ("n_clusters", "4"),
        ("max_k", 101),
        ("n_init", 0),
        ("random_state", -1),
        ("random_state", 2**31),
        ("scaling", "min-max"),
        ("scaling", None),
    ],
)
def test_parameters_outside_their_range_are_faults(name: str, value: Any) -> None:
    faults = parameter_faults(**{name: value})
    assert len(faults) == 1
    assert faults[0].startswith(f"{name}: {value!a} is not ")


def test_parameter_that_is_a_numpy_integer_is_accepted() -> None:
    assert parameter_faults(n_clusters=np.int64(4)) == []


def test_parameter_fault_says_what_is_allowed() -> None:
    assert parameter_faults(scaling="x") == [
        "scaling: 'x' is not a scaling. Allowed: none, standard, robust."
    ]


def test_refuse_names_every_fault_on_one_line() -> None:
    with pytest.raises(ValueError, match=r"^one\. two\.$"):
        refuse(["one.", "two."])


def test_refuse_without_faults_does_nothing() -> None:
    refuse([])
