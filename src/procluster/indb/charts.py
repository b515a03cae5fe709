"""Pictures of the choice of k and of the clusters, as PNG.

matplotlib may be missing in the runtime, so it is imported where it is used; its figures are
made without pyplot, which would keep them in a global list.
"""

import io
import json
from typing import Any, List, Optional

import numpy as np
import pandas as pd

from procluster.indb.features import FEATURES, Feature
from procluster.indb.segments import nearest_centres, read_segments
from procluster.indb.vectors import read_vectors, weighted_quantiles

# More clusters than this do not fit into a picture that one can read.
MOST_CLUSTERS_SHOWN = 20

# Bars of more different lengths than this are compressed, or the short ones could not be seen.
WIDEST_LINEAR_RANGE = 20

INK = "#333333"
BLUE = "#1f6fb4"
ORANGE = "#d9601a"
GREY = "#8a8a8a"


def elbow_png(document: str) -> Optional[bytes]:
    """Draw the distances and the silhouette for each k, with the suggested k marked.

    Parameters
    ----------
    document : str
        The document of :func:`evaluate`.

    Returns
    -------
    bytes or None
        None, and a printed line, when matplotlib is not installed.
    """
    evaluation = json.loads(document)
    rows = evaluation["rows"]
    ks = [row["k"] for row in rows]
    known = [row for row in rows if row["silhouette"] is not None]
    figure = new_figure(8, 6 if known else 4)
    if figure is None:
        return None
    panels = figure.subplots(2 if known else 1, 1, sharex=True, squeeze=False)[:, 0]
    spread = np.sqrt([row["inertia"] / evaluation["customers"] for row in rows])
    panels[0].plot(ks, spread, "o-", color=BLUE, label="root mean square")
    mean = [row["mean_distance"] for row in rows]
    suggested = evaluation["suggested_k"]
    panels[0].plot([suggested], [spread[suggested - 1]], "o", color=BLUE, markersize=12)
    panels[0].plot(ks, mean, "s--", color=GREY, markersize=4, label="mean")
    panels[0].set_ylabel("Distance from the\ncluster's centre")
    panels[0].legend(frameon=False, loc="upper right")
    panels[0].set_ylim(bottom=0)
    if known:
        panels[1].errorbar(
            [row["k"] for row in known],
            [row["silhouette"] for row in known],
            yerr=[2 * (row["silhouette_error"] or 0) for row in known],
            fmt="o-",
            color=ORANGE,
        )
        panels[1].set_ylabel("Silhouette\n(1: well apart, 0: touching)")
    panels[0].set_title(f"Suggested number of clusters: {suggested}", color=INK)
    panels[-1].set_xlabel("Number of clusters (k)")
    panels[-1].set_xticks(ks[:: 1 + len(ks) // 25])
    for panel in panels:
        panel.axvline(suggested, color=INK, linestyle=":", zorder=0)
        clear_frame(panel, ("top", "right"))
        panel.grid(axis="y", color="#e6e6e6")
        panel.set_axisbelow(True)
    return to_png(figure)


def clusters_png(frame: pd.DataFrame, document: str) -> Optional[bytes]:
    """Draw the size of each cluster and what is typical of its customers.

    Parameters
    ----------
    frame : DataFrame
        The feature columns and `customers`, as :func:`read_vectors` takes them.
    document : str
        The document of :func:`train`.

    Returns
    -------
    bytes or None
        None, and a printed line, when matplotlib is not installed.
    """
    segments = read_segments(document)
    vectors, _ = read_vectors(frame)
    labels, _ = nearest_centres(vectors.values, segments.centres, segments.scale)
    sizes = np.bincount(labels, vectors.customers, minlength=len(segments.numbers))
    largest = np.argsort(-sizes, kind="mergesort")[:MOST_CLUSTERS_SHOWN]
    shown = [index for index in sorted(largest.tolist()) if sizes[index] > 0]
    figure = new_figure(3 + 2.2 * len(FEATURES), 1.6 + 0.55 * len(shown))
    if figure is None:
        return None
    widths = [1.5] + [1] * len(FEATURES)
    panels = figure.subplots(1, 1 + len(FEATURES), gridspec_kw={"width_ratios": widths})
    colors = [f"C{place % 10}" for place in range(len(shown))]
    share = sizes[shown] / sizes.sum()
    texts = [
        "{:,.0f} ({})".format(size, f"{part:.1%}" if part >= 0.001 else "< 0.1%")
        for size, part in zip(sizes[shown], share)
    ]
    draw_bars(panels[0], sizes[shown], texts, colors)
    panels[0].set_title("customers", fontsize=11, color=INK)
    panels[0].set_yticks(range(len(shown)))
    panels[0].set_yticklabels([f"cluster {segments.numbers[index]}" for index in shown])
    for panel, feature, column in zip(panels[1:], FEATURES, vectors.values.T):
        groups = [(column[labels == index], vectors.customers[labels == index]) for index in shown]
        means = np.array([np.average(values, weights=weights) for values, weights in groups])
        middle = [weighted_quantiles(values, weights, (0.1, 0.9)) for values, weights in groups]
        draw_feature(panel, feature, means, np.array(middle), colors)
    left = len(segments.numbers) - len(shown)
    note = "Bar: mean of the cluster. Thin line: the middle 80 % of its customers."
    note += f" The {left} smallest clusters are not shown." if left else ""
    figure.text(0.01, 0.01, note, fontsize=8, color=GREY)
    return to_png(figure)


def draw_feature(
    panel: Any, feature: Feature, means: np.ndarray, middle: np.ndarray, colors: List[str]
) -> None:
    """Draw the means (n_clusters,) and the ranges (n_clusters, 2) of one feature.

    Where one cluster would crush the others, all lengths go through asinh: proportional for
    small values, logarithmic for large ones. The figures at the bars stay what they are.
    """
    lengths = np.hstack([means[:, np.newaxis], middle])
    texts = [f"{mean:.3g}" if abs(mean) < 1000 else f"{mean:,.0f}" for mean in means]
    label = feature.meaning
    sizes = np.abs(means[means != 0])
    if len(sizes) and sizes.max() > WIDEST_LINEAR_RANGE * np.median(sizes):
        lengths = np.arcsinh(lengths / np.median(sizes))
        label += "\n(compressed scale)"
    draw_bars(panel, lengths[:, 0], texts, colors, lengths[:, 1:])
    panel.set_title(feature.name.replace("_", " "), fontsize=11, color=INK)
    panel.set_xlabel(label, fontsize=8, color=GREY)


def draw_bars(
    panel: Any,
    lengths: np.ndarray,
    texts: List[str],
    colors: List[str],
    ranges: Optional[np.ndarray] = None,
) -> None:
    """Draw one horizontal bar for each cluster, the first on top, with its figure at the end."""
    places = np.arange(len(lengths))
    panel.barh(places, lengths, height=0.6, color=colors)
    ends = np.maximum(lengths, 0)
    if ranges is not None:
        panel.hlines(places, ranges[:, 0], ranges[:, 1], color=INK, linewidth=1.2)
        ends = np.maximum(ends, ranges[:, 1])
    for place, end, text in zip(places, ends, texts):
        panel.annotate(
            text, (end, place), (4, 0), textcoords="offset points", va="center", fontsize=9
        )
    least = min(0.0, float(lengths.min()), 0.0 if ranges is None else float(ranges.min()))
    most = max(float(ends.max()), least + 1e-9)
    panel.set_xlim(least, most + 0.6 * (most - least))
    panel.set_ylim(len(lengths) - 0.4, -0.6)
    panel.set_xticks([])
    panel.set_yticks([])
    clear_frame(panel, ("top", "right", "bottom"))


def clear_frame(panel: Any, sides: Any) -> None:
    """Remove the lines at the given sides of a panel."""
    for side in sides:
        panel.spines[side].set_visible(False)


def new_figure(width: float, height: float) -> Any:
    """Return an empty figure of so many inches; None, and a printed line, without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        print(f"No chart: matplotlib cannot be imported ({error}).")
        return None
    figure = Figure(figsize=(width, height), dpi=120)
    FigureCanvasAgg(figure)
    return figure


def to_png(figure: Any) -> bytes:
    """Return the figure as PNG."""
    figure.tight_layout(rect=(0, 0.03, 1, 1))
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()
