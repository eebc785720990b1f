"""The checkers of lesson 6."""

import numpy as np

from plainnet.lessons.checking import case


def samples_needed(f):
    hint = (
        "Solve 1.96 √(t (1 − t) / n) = half for n, and round up.",
        "从 1.96 √(t (1 − t) / n) = half 解出 n，再向上取整。",
    )
    case(f, 0.8, 0.05, gives=246, hint=hint)
    case(f, 0.9, 0.02, gives=865, hint=hint)
    case(f, 0.5, 0.03, gives=1068, hint=hint)


def leaked(f):
    X_train = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    X_test = np.array([[3.0, 4.0], [4.0, 3.0], [1.0, 2.0], [1.0, 4.0]])
    hint = (
        "A whole row must be equal, in its order.",
        "要整行相等，次序也要一致。",
    )
    case(f, X_train, X_test, gives=np.array([True, False, True, False]), hint=hint)
    case(f, X_train, X_train[:2] + 0.5, gives=np.array([False, False]))


def calibration_error(f):
    confidence = np.array([0.55, 0.65, 0.92, 0.98])
    is_right = np.array([True, False, True, True])
    hint = (
        "The gap of a bin counts as often as the bin has answers.",
        "每个区间的差距要按其中的回答数加权。",
    )
    # two bins: the second holds all four, 0.775 and 0.75
    case(f, confidence, is_right, 2, gives=0.025, hint=hint)
    # ten bins: (0.45 + 0.65 + 2 · 0.05) / 4
    case(f, confidence, is_right, 10, gives=0.3, hint=hint)
    case(f, np.array([1.0, 1.0]), np.array([True, False]), 10, gives=0.5)


def mcnemar(f):
    right_a = np.array([True, True, True, False, False, False, False, False, False, False])
    right_b = np.array([True, True, False, True, True, True, True, True, True, True])
    hint = (
        "Count the samples that only one of them has right; the others do not matter.",
        "只数恰好一方答对的样本，其余的不起作用。",
    )
    case(f, right_a, right_b, gives=2 * (1 + 8) / 256, hint=hint)
    case(f, right_b, right_a, gives=2 * (1 + 8) / 256, hint=hint)
    equal = np.array([True, False, True]), np.array([False, True, True])
    limit = ("A probability is at most 1.", "概率不超过 1。")
    case(f, *equal, gives=1.0, hint=limit)
