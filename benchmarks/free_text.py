"""Log loss with and without a column of free text, whose words matter or do not.

python -m benchmarks.free_text
"""

from typing import Any

import numpy as np

from plainnet import Classifier

WORDS = [
    "red",
    "blue",
    "green",
    "small",
    "large",
    "old",
    "new",
    "wooden",
    "steel",
    "chair",
    "table",
    "lamp",
    "desk",
    "shelf",
    "garden",
    "kitchen",
    "outdoor",
    "indoor",
    "round",
    "square",
    "soft",
    "hard",
    "light",
    "heavy",
    "cheap",
    "rare",
    "antique",
    "modern",
    "plain",
    "folding",
]
ROWS, DRAWS, TESTED = (300, 1500), 3, 3000


def drawn(n: int, seed: int, effect: float) -> dict[str, list[Any]]:
    """Return a table whose classes depend on a number, and times `effect` on a text's words."""
    rng = np.random.default_rng(seed)
    X, effects = rng.normal(size=(n, 3)), np.random.default_rng(1).normal(size=len(WORDS))
    held = [rng.choice(len(WORDS), rng.integers(2, 6), replace=False) for _ in range(n)]
    z = X[:, 0] + effect * np.array([effects[k].sum() for k in held])
    return {
        **{name: X[:, i].tolist() for i, name in enumerate("abc")},
        "what": [f"{' '.join(WORDS[k] for k in words)} no {i}" for i, words in enumerate(held)],
        "y": np.where(z + rng.logistic(size=n) > 0, "yes", "no").tolist(),
    }


def log_loss(n: int, seed: int, effect: float, with_text: bool) -> float:
    """Return the log loss of a training on other rows."""
    data, new = drawn(n, seed, effect), drawn(TESTED, 100 + seed, effect)
    how: dict[str, Any] = {"kinds": {"what": "text"}} if with_text else {"drop": ["what"]}
    model = Classifier(effort="quick", seed=seed).fit(data, target="y", **how)
    return model.evaluate(new).log_loss


def main() -> None:
    """Print a line for each number of rows and effect."""
    for n in ROWS:
        for effect in (1.0, 0.0):
            found = [
                np.mean([log_loss(n, seed, effect, with_text) for seed in range(DRAWS)])
                for with_text in (True, False)
            ]
            print(f"{n:,} rows, effect {effect:g}: with {found[0]:.3f}, without {found[1]:.3f}")


if __name__ == "__main__":
    main()
