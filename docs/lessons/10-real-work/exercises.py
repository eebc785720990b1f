"""The checkers of lesson 10."""

import numpy as np

from plainnet.lessons.checking import case


def split_by_group(f):
    groups = np.array([3, 1, 3, 2, 1, 2, 4])
    hint = (
        "All rows of a group stand on the same side; rows are named in their order.",
        "同一组的行要全在一边；行号按从小到大排列。",
    )
    case(f, groups, [1, 4], gives=(np.array([0, 2, 3, 5]), np.array([1, 4, 6])), hint=hint)
    case(f, groups, [3], gives=(np.array([1, 3, 4, 5, 6]), np.array([0, 2])), hint=hint)


def number_features(f):
    train = np.array([1.0, np.nan, 3.0, 8.0])
    hint = (
        "Median, mean and standard deviation come from `train`; the mean after filling.",
        "中位数、均值和标准差都来自 train；均值在填补之后算。",
    )
    new = np.array([3.75, np.nan, 10.0])
    z = np.array([0.0, -0.75, 6.25]) / 2.5860201081971503
    case(f, train, new, gives=np.column_stack([z, [0, 1, 0]]), hint=hint)
    case(f, np.array([2.0, 4.0]), np.array([4.0]), gives=np.array([[1.0, 0.0]]), hint=hint)


def one_hot(f):
    train = np.array(["red", "black", "red", "tabby"])
    hint = (
        "One column for each category of `train`, by alphabet; an unknown one has only zeros.",
        "train 里的每种取值一列，按字母排序；没见过的取值整行是 0。",
    )
    right = np.array([[0.0, 0, 1], [0, 0, 0], [1, 0, 0]])
    case(f, train, np.array(["tabby", "green", "black"]), gives=right, hint=hint)
    case(f, train[:1], np.array(["black", "red"]), gives=np.array([[0.0], [1.0]]), hint=hint)


def winners_curse(f):
    hint = (
        "Both scores are those of the winner on the validation part, not of two different ones.",
        "两个成绩都属于验证集上的冠军，不是两个不同的模型。",
    )
    case(f, np.array([0.7, 0.9, 0.8]), np.array([0.7, 0.75, 0.8]), gives=0.15, hint=hint)
    case(f, np.array([0.5, 0.4]), np.array([0.6, 0.9]), gives=-0.1, hint=hint)
