"""Writes what this interpreter makes of fixed data to a JSON file. Valid on Python 3.7."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from indb_frames import blobs, make_frame, returns

from procluster.indb.evaluation import evaluate
from procluster.indb.kmeans import train

# More distinct vectors than restarts and silhouettes look at one by one.
CLOUD = make_frame(np.random.RandomState(4).gamma(0.7, size=(7000, 4)).round(5))

FRAMES = {"returns": returns(), "blobs": blobs(9), "cloud": CLOUD}


def write(path: Path) -> None:
    documents = {}
    for name, frame in FRAMES.items():
        for scaling in ("none", "standard", "robust"):
            first = train(frame, 4, scaling, random_state=5).document
            documents[f"{name} {scaling} 4"] = first
            documents[f"{name} {scaling} 6"] = train(frame, 6, scaling, previous=first).document
            documents[f"{name} {scaling} k"] = evaluate(frame, 8, scaling, n_init=3).document
    path.write_text(json.dumps({name: json.loads(text) for name, text in documents.items()}))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
