"""Python modules and templates in, T-SQL scripts out; knows nothing of what they are about."""
