from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from indb_frames import make_frame, on_a_line, returns

from procluster.indb import charts
from procluster.indb.charts import clusters_png, elbow_png
from procluster.indb.evaluation import evaluate
from procluster.indb.kmeans import train

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The figures that are drawn from here on."""
    drawn: Any = []
    to_png = charts.to_png
    monkeypatch.setattr(charts, "to_png", lambda figure: drawn.append(figure) or to_png(figure))
    return drawn


@pytest.fixture
def no_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("matplotlib", "matplotlib.figure", "matplotlib.backends.backend_agg"):
        monkeypatch.setitem(sys.modules, name, None)


def texts(panel: Any) -> Any:
    return [text.get_text() for text in panel.texts]


def test_elbow_is_a_png() -> None:
    assert (elbow_png(evaluate(returns(), 6).document) or b"").startswith(PNG)


def test_elbow_names_the_suggestion(figures: Any) -> None:
    evaluation = evaluate(returns(), 8)
    elbow_png(evaluation.document)
    title = figures[0].axes[0].get_title()
    assert title == f"Suggested number of clusters: {evaluation.suggested_k}"


def test_elbow_has_a_panel_for_the_silhouette(figures: Any) -> None:
    elbow_png(evaluate(returns(), 6).document)
    labels = [panel.get_ylabel().split()[0] for panel in figures[0].axes]
    assert labels == ["Distance", "Silhouette"]


def test_elbow_of_one_k_has_one_panel(figures: Any) -> None:
    elbow_png(evaluate(on_a_line([1], 5), 1).document)
    assert len(figures[0].axes) == 1


def test_clusters_are_a_png() -> None:
    frame = returns()
    assert (clusters_png(frame, train(frame, 4).document) or b"").startswith(PNG)


def test_clusters_show_sizes_and_shares(figures: Any) -> None:
    frame = on_a_line([0, 1, 5], [8990, 1009, 1])
    clusters_png(frame, train(frame, 3).document)
    assert texts(figures[0].axes[0]) == ["8,990 (89.9%)", "1,009 (10.1%)", "1 (< 0.1%)"]


def test_clusters_show_the_mean_of_each_feature(figures: Any) -> None:
    frame = make_frame([[0.5, 0, 1234.4, 1], [1, 0, 2000, 8]], [3, 1])
    clusters_png(frame, train(frame, 2).document)
    means = [texts(panel) for panel in figures[0].axes[1:]]
    assert means == [["0.5", "1"], ["0", "0"], ["1,234", "2,000"], ["1", "8"]]


def test_clusters_with_an_outlier_are_compressed(figures: Any) -> None:
    frame = returns()
    clusters_png(frame, train(frame, 4).document)
    compressed = ["compressed" in panel.get_xlabel() for panel in figures[0].axes]
    assert compressed == [False, False, False, True, False]


def test_clusters_beyond_what_fits_are_counted(figures: Any) -> None:
    frame = on_a_line(range(23), range(1, 24))
    clusters_png(frame, train(frame, 23).document)
    assert "The 3 smallest clusters are not shown." in texts(figures[0])[0]


def test_clusters_of_negative_and_constant_values_are_drawn() -> None:
    frame = make_frame([[-3, 7, 0, 1], [-1, 7, 0, np.nan], [2, 7, 0, -1]])
    assert clusters_png(frame, train(frame, 2).document)


@pytest.mark.usefixtures("no_matplotlib")
def test_elbow_without_matplotlib_is_none_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert elbow_png(evaluate(returns(), 3).document) is None
    assert capsys.readouterr().out.startswith("No chart: matplotlib cannot be imported")


@pytest.mark.usefixtures("no_matplotlib")
def test_clusters_without_matplotlib_are_none_and_say_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert clusters_png(returns(), train(returns(), 3).document) is None
    assert capsys.readouterr().out.startswith("No chart: matplotlib cannot be imported")


def test_charts_leave_pyplot_alone() -> None:
    sys.modules.pop("matplotlib.pyplot", None)
    elbow_png(evaluate(returns(), 3).document)
    assert "matplotlib.pyplot" not in sys.modules
