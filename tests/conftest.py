"""What several test files share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real data sets: catdog, catvnoncat, fashion_mnist, mnist, photos."""
    folder = os.environ.get("PLAINNET_DATA")
    if folder is None:
        pytest.skip("PLAINNET_DATA does not name a folder with real data sets")
    return Path(folder)
