from __future__ import annotations

import subprocess
import sys

from procluster.indb.features import FEATURE_NAMES, FEATURES


def test_features_are_the_tutorials() -> None:
    assert FEATURE_NAMES == ["order_ratio", "items_ratio", "monetary_ratio", "frequency"]


def test_ratio_is_a_rounded_quotient_that_survives_zero_and_null() -> None:
    assert FEATURES[0].expression == (
        "ROUND(COALESCE(CAST(refund.tickets AS float) / "
        "NULLIF(CAST(sale.tickets AS float), 0), 0), 7)"
    )


def test_features_are_known_without_numpy() -> None:
    script = "import sys, procluster.indb.features; sys.exit('numpy' in sys.modules)"
    assert subprocess.call([sys.executable, "-c", script]) == 0
