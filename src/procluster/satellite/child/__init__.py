"""The other side of the satellite: the Python process in which external scripts run.

It starts under any Python >= 3.10 that has numpy, pandas and pyarrow, so nothing here imports the
rest of the package; the modules find one another by relative imports only.
"""
