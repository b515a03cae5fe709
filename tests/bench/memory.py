"""The peak memory of a script beside the size of the vectors it is given, in a process of its own.

    python tests/bench/memory.py vectors.npy train 4

prints the most that Python and numpy held at a time, in bytes: the input frame too, as in the
database.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import Dataset
from timing import Row

from procluster.indb.evaluation import evaluate
from procluster.indb.features import FEATURE_NAMES
from procluster.indb.kmeans import train


def memory(data: Dataset, step: str, k: int) -> Row:
    """How many times the size of the distinct vectors a step needs."""
    table = data.vectors.to_numpy()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vectors.npy"
        np.save(file, table)
        run = subprocess.run(
            [sys.executable, __file__, str(file), step, str(k)],
            check=True,
            capture_output=True,
            text=True,
        )
    peak = int(run.stdout.splitlines()[-1])
    return {
        "data": data.name,
        "step": f"{step}, k = {k}" if step == "train" else f"{step}, k = 1 to {k}",
        "distinct vectors": len(table),
        "vectors MB": table.nbytes / 1e6,
        "peak MB": peak / 1e6,
        "times the vectors": peak / table.nbytes,
    }


def run_step(file: str, step: str, k: int) -> int:
    """Do one step; return the most bytes that were held at a time."""
    small = pd.DataFrame(np.random.RandomState(0).random_sample((100, 4)), columns=FEATURE_NAMES)
    call(small.assign(customers=1), step, 3)  # what is imported late is imported now
    tracemalloc.start()
    table = np.load(file)
    FEATURE_NAMES[:] = [f"feature_{place}" for place in range(table.shape[1] - 1)]
    frame = pd.DataFrame(table, columns=[*FEATURE_NAMES, "customers"])
    del table
    call(frame, step, k)
    return tracemalloc.get_traced_memory()[1]


def call(frame: pd.DataFrame, step: str, k: int) -> None:
    """Run the step and read what it returns."""
    json.loads((train if step == "train" else evaluate)(frame, k).document)


if __name__ == "__main__":
    print(run_step(sys.argv[1], sys.argv[2], int(sys.argv[3])))  # noqa: T201
