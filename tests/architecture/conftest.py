"""Paths that the architecture tests share."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """Root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def sources() -> list[Path]:
    """Every source file of the package."""
    return sorted((ROOT / "src" / "undertow").rglob("*.py"))
