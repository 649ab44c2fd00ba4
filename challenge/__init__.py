"""Open calls, fair reviews, verifiable awards."""

__version__ = "0.1.0"
