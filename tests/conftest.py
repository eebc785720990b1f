"""What several test files share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The matrices of the tests are small: more threads would wait, and on a busy machine fight. Set
# here, before NumPy is imported, and inherited by the processes that tests start.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# The same code gets the same examples, so that nothing fails by the luck of a run;
# `pytest --hypothesis-profile random` hunts with new ones.
settings.register_profile("random", deadline=None)
settings.register_profile("same", deadline=None, derandomize=True, database=None)
settings.load_profile("same")


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


@pytest.fixture(autouse=True)
def kernels_for_small_trainings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels take trainings of WORK_BEFORE_COMPILING or more."""
    monkeypatch.setattr("plainnet.training.compiled.WORK_IN_ALL", 1)
