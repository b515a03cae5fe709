"""Customer segmentation by K-Means that lives inside SQL Server."""

__version__ = "0.1.0"

__all__ = ["__version__"]
