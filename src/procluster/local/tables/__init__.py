"""Tables: how they are defined, and how their rows are added, changed, deleted and checked."""

from procluster.local.tables import (  # noqa: F401 - each registers what it runs
    changes,
    definitions,
    insertion,
)
