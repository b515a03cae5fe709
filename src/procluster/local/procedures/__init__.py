"""System procedures: what EXEC runs beside people's own."""

from procluster.local.procedures import (  # noqa: F401 - each registers what it runs
    application_locks,
    datatype_info,
    external_script,
    parameterized,
    undeclared_parameters,
)
