"""People's own data: a CSV or Parquet file into a table of the embedded engine."""

from procluster.load.rows import Fault, Rows, read_csv, read_parquet
from procluster.load.target import Mode, Report, describe, load, summary

__all__ = [
    "Fault",
    "Mode",
    "Report",
    "Rows",
    "describe",
    "load",
    "read_csv",
    "read_parquet",
    "summary",
]
