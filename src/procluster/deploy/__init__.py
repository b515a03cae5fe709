"""Rendered scripts into a database; knows nothing of what they are about."""
