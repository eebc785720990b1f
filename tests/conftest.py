"""What several test files share."""

import os
from pathlib import Path

import pytest

# The matrices of the tests are small: more threads would wait, and on a busy machine fight. Set
# here, before NumPy is imported, and inherited by the processes that tests start.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real data sets: catdog, catvnoncat, fashion_mnist, mnist, photos."""
    folder = os.environ.get("PLAINNET_DATA")
    if folder is None:
        pytest.skip("PLAINNET_DATA does not name a folder with real data sets")
    return Path(folder)


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is decoded here, and in the processes that tests start, is not kept in a user's home."""
    os.environ["PLAINNET_CACHE"] = str(tmp_path_factory.mktemp("cache"))
