"""The code that runs inside SQL Server: Python 3.7, numpy, pandas; scipy, matplotlib if there."""
