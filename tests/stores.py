"""The stores that a test of the registry runs against."""

from __future__ import annotations

import pytest

BOTH = pytest.mark.parametrize("registry", ["sqlite", "server"], indirect=True)
"""A file, and a real tracking server: each operation once against both, since the server is slow."""
