"""The code that runs inside SQL Server: Python 3.7, numpy, pandas, scikit-learn; nothing else."""
