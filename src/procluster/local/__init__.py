"""The embedded engine: our stored procedures with no server (DuckDB tables, T-SQL on top)."""
