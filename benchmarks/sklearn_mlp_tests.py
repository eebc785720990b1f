"""scikit-learn's own tests of its MLP, on our estimators: `python -m benchmarks.sklearn_mlp_tests`.

The test file of the installed scikit-learn is read, `MLPClassifier` and `MLPRegressor` in it become
ours, and pytest runs it in a temporary folder; nothing of it is kept. Each failure has to be one of
those explained here, and four in five tests have to pass; else this exits with 1.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import defaultdict
from pathlib import Path

THEIRS = "from sklearn.neural_network import MLPClassifier, MLPRegressor\n"
OURS = (
    "from plainnet.sklearn import PlainNetClassifier as MLPClassifier\n"
    "from plainnet.sklearn import PlainNetRegressor as MLPRegressor\n"
)
CONFTEST = """
import numpy as np
import pytest

@pytest.fixture
def global_random_seed():
    return 0

@pytest.fixture(autouse=True)
def the_same_each_time():
    np.random.seed(0)
"""
PASSING = 0.8

EXPLAINED = {
    "test_fit": "writes private attributes (`_coef_grads`, …) into an estimator that is not "
    "fitted; here `coefs_` are views of the network",
    "test_gradient": "calls the private `_loss_grad_lbfgs`; gradients are held against finite "
    "differences by our own tests",
    "test_nonfinite_params": "the error is a DivergedError that says after how many steps and what "
    "to try, before a step is made with it; not a ValueError after the last epoch",
    "test_warm_start": "a warm start may see fewer classes than are known; unknown ones are "
    "refused, in our words",
    "test_early_stopping_stratified": "the error names the class as the user does, [1], not 'True'",
    "test_mlp_partial_fit_after_fit": "`partial_fit` with `early_stopping` works",
}


def main() -> int:
    spec = importlib.util.find_spec("sklearn.neural_network")
    if spec is None or spec.origin is None:
        raise SystemExit("scikit-learn is not installed.")
    source = (Path(spec.origin).parent / "tests" / "test_mlp.py").read_text("utf-8")
    if THEIRS not in source:
        raise SystemExit("This scikit-learn's test file imports its MLP in another way.")
    failed, total = run(source.replace(THEIRS, OURS))
    passed = total - sum(failed.values())
    print(f"{passed} of {total} tests pass ({passed / total:.0%}).\n")
    print("| test that fails | cases | because |\n|---|---:|---|")
    for name, cases in sorted(failed.items()):
        print(f"| `{name}` | {cases} | {EXPLAINED.get(name, '**not explained**')} |")
    return 0 if failed.keys() <= EXPLAINED.keys() and passed >= PASSING * total else 1


def run(source: str) -> tuple[dict[str, int], int]:
    """How many cases of each test fail, and how many there are in all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_mlp.py").write_text(source, "utf-8")
        (folder / "conftest.py").write_text(CONFTEST, "utf-8")
        options = ["-q", "-p", "no:cacheprovider", "--tb=line", "--junitxml=results.xml"]
        path = os.pathsep.join(p for p in sys.path if p)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, "test_mlp.py"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 1):
            raise SystemExit(done.stdout)
        cases = list(ET.parse(folder / "results.xml").iter("testcase"))
    failed: dict[str, int] = defaultdict(int)
    for case in cases:
        if case.find("failure") is not None or case.find("error") is not None:
            failed[case.attrib["name"].partition("[")[0]] += 1
    return failed, len(cases)


if __name__ == "__main__":
    sys.exit(main())
