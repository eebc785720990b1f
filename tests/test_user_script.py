"""A user's code is typed: mypy --strict agrees with it, and finds the mistakes in it; it runs."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
import user_script

import plainnet
from plainnet import Classifier

ROOT = Path(__file__).parents[1]


def test_mypy_agrees_with_a_users_script(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    cache = ROOT / ".mypy_cache" / "user"
    words = ["--strict", "--config-file=", "--cache-dir", cache, user_script.__file__]
    kept = {name: value for name, value in os.environ.items() if name != "MYPYPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *map(str, words)],
        cwd=tmp_path,
        env={**kept, "PYTHONPATH": str(ROOT / "src")},  # where it is looked for as if installed
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.startswith("Success"), done.stdout + done.stderr


def test_the_script_runs(tmp_path: Path) -> None:
    user_script.main(tmp_path)


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "src" / "plainnet" / "py.typed").is_file()


def test_all_public_names_are_there_and_have_a_docstring() -> None:
    assert {*plainnet.__all__} <= {*dir(plainnet)}
    assert sorted(plainnet.__all__) == sorted({*plainnet.__all__})
    for name in plainnet.__all__:
        value = getattr(plainnet, name)
        if name != "__version__" and (inspect.isclass(value) or inspect.isroutine(value)):
            assert (inspect.getdoc(value) or "").strip(), name
    for name in ("fit", "predict", "predict_proba", "score", "evaluate", "explain", "trace",
                 "save", "load", "get_params", "set_params", "fit_epochs"):  # fmt: skip
        assert inspect.getdoc(getattr(Classifier, name)), name


def test_a_name_that_is_not_there_is_answered_with_the_one_that_was_meant() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import plainnet; plainnet.Clasifier"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "Did you mean: 'Classifier'?" in done.stderr
