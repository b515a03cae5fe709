"""Our own procedures give both hosts what they take alike: a script of theirs is told nothing."""

from __future__ import annotations

import pytest

from procluster.errors import SqlError
from procluster.local.database import Session
from procluster.local.results import Event, Message

PROCEDURES = [
    "EXEC seg.choose_k @max_k = 4;",
    "EXEC seg.choose_k @max_k = 4, @with_chart = 1;",
    "EXEC seg.train @n_clusters = 3, @scaling = N'robust';",
    "EXEC seg.train @n_clusters = 3, @with_chart = 1;",
    "EXEC seg.refresh @train_policy = N'always';",
    "EXEC seg.check_environment;",
    "EXEC dbo.py_generate_customer_return_clusters;",
]
WARNINGS = ("input column ", "OutputDataSet ", "name ", "memory limit", "STDOUT message")


@pytest.mark.parametrize("batch", PROCEDURES)
def test_procedure_runs_without_a_warning(segmented_shop: Session, batch: str) -> None:
    events: list[Event] = []

    segmented_shop.execute(batch, events.append)

    texts = [event.text for event in events if isinstance(event, Message)]
    assert [text for text in texts if text.startswith(WARNINGS)] == []
    assert not any(isinstance(event, SqlError) for event in events)
