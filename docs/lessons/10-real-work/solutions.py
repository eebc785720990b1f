# %% split_by_group
import numpy as np


def split_by_group(groups, held_out):
    is_test = np.isin(groups, held_out)
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


# %% number_features
import numpy as np


def number_features(train, new):
    median = np.nanmedian(train)
    filled = np.where(np.isnan(train), median, train)
    z = (np.where(np.isnan(new), median, new) - filled.mean()) / filled.std()
    return np.column_stack([z, np.isnan(new)])


# %% one_hot
import numpy as np


def one_hot(train, new):
    categories = np.unique(train)
    return (np.asarray(new)[:, None] == categories) * 1.0


# %% winners_curse
def winners_curse(validation, test):
    winner = validation.argmax()
    return validation[winner] - test[winner]
