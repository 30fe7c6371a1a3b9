"""Bootstrap sentence-embedding models for languages without supervised embedding data."""

__version__ = "0.1.0"
