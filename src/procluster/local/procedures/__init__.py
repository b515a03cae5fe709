"""System procedures: what EXEC runs beside people's own."""

from procluster.local.procedures import (  # noqa: F401 - each registers what it runs
    application_locks,
    drivers,
    external_script,
    parameterized,
)
