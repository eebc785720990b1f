"""What examples in docstrings take for granted: NumPy, Path, names of plainnet, and small data.

NumPy is imported only where it is used: tests/conftest.py must first say how many threads it has.
"""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _in_a_folder_with_data(
    request: pytest.FixtureRequest,
    doctest_namespace: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not isinstance(request.node, pytest.DoctestItem):
        return
    import numpy as np

    import plainnet.network
    import plainnet.tables

    for room in (plainnet, plainnet.network, plainnet.tables):
        doctest_namespace |= {name: getattr(room, name) for name in room.__all__}
    doctest_namespace |= {"np": np, "Path": Path}
    folder = request.getfixturevalue("_data")
    monkeypatch.setenv("PLAINNET_CACHE", str(folder / "cache"))
    monkeypatch.chdir(folder)


@pytest.fixture(scope="session")
def _data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    fill(folder)
    return folder


def fill(folder: Path) -> None:
    """Write the folder `pets`, `photo.png`, `houses.csv`, and a run for each of the two."""
    import numpy as np

    import plainnet
    from plainnet.demo.drawing import draw_animal

    rng = np.random.default_rng(0)
    for kind in ("cat", "dog"):
        (folder / "pets" / kind).mkdir(parents=True)
        for i in range(6):
            draw_animal(kind, rng, 16).save(folder / "pets" / kind / f"{i}.png")
    draw_animal("cat", rng, 16).save(folder / "photo.png")
    rows = [f"{rooms},{30 * rooms + 7},{9.5 * rooms + 20}" for rooms in rng.integers(1, 7, 60)]
    (folder / "houses.csv").write_text("\n".join(["rooms,area,price", *rows]) + "\n")
    small: dict[str, Any] = {"hidden": 4, "epochs": 1, "ensemble": 1}
    pets = plainnet.Classifier(**small).fit(folder / "pets")
    houses = plainnet.Regressor(**small).fit(folder / "houses.csv", target="price")
    for model, name in ((pets, "pets-1"), (houses, "houses-1")):
        (folder / "runs" / name).mkdir(parents=True)
        model.save(folder / "runs" / name / "model.safetensors")
