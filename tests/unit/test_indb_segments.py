from __future__ import annotations

import json

import numpy as np
import pytest
from indb_frames import on_a_line

from procluster.indb.kmeans import train
from procluster.indb.segments import nearest_centres, read_segments


def test_segments_are_read_back_exactly() -> None:
    document = train(on_a_line([0.1, 0.7, 0.3], [1, 2, 3]), 3, "standard").document
    model = json.loads(document)
    segments = read_segments(document)
    assert segments.centres[:, 0].tolist() == [0.3, 0.7, 0.1]
    assert segments.scale.tolist() == list(model["scale"].values())
    assert segments.numbers == [0, 1, 2]


def test_segments_are_ordered_by_number() -> None:
    model = json.loads(train(on_a_line([0, 1], [2, 1]), 2).document)
    model["clusters"].reverse()
    assert read_segments(json.dumps(model)).centres[:, 0].tolist() == [0, 1]


def test_segments_of_another_format_are_refused() -> None:
    with pytest.raises(ValueError, match=r"its format is 'other'.* procluster.kmeans/1 is needed"):
        read_segments('{"format": "other"}')


def test_nearest_centre_of_a_tie_is_the_first() -> None:
    labels, distances = nearest_centres(np.array([[1.0]]), np.array([[2.0], [0.0]]), np.ones(1))
    assert (labels.tolist(), distances.tolist()) == ([0], [1.0])


def test_nearest_centre_is_measured_in_the_scale() -> None:
    values, centres = np.array([[0.0, 0.0]]), np.array([[3.0, 0.0], [0.0, 4.0]])
    labels, distances = nearest_centres(values, centres, np.array([1.0, 2.0]))
    assert (labels.tolist(), distances.tolist()) == ([1], [2.0])
