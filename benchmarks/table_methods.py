"""The methods that the tables' accuracy is compared between, all with their default settings.

Each is set up as its own manual says. The others get dates as days, and texts as categories;
plainnet gets the table as pandas reads it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from benchmarks.table_splits import Array

OURS: Mapping[str, Mapping[str, Any]] = {
    "plainnet": {},
    "plainnet-quick": {"effort": "quick"},
    "plainnet-best": {"effort": "best"},
}
"""Our rows: the settings of `Classifier` and `Regressor`, by the method's name."""
BASELINE = "linear"
REFERENCE = "catboost"


class Model(Protocol):
    """A method for one table; y and the columns of the answers are numbers of classes, 0 to K−1."""

    def fit(self, X: pd.DataFrame, y: Array) -> Any: ...

    def answers(self, X: pd.DataFrame) -> Array:
        """Probabilities `(N, K)`, or quantities `(N,)`."""


@dataclass(frozen=True)
class Method:
    title: str
    package: str
    """The distribution whose version a result belongs to."""
    make: Callable[[bool, int], Model]
    """Makes the model, for classes or a quantity, with a seed."""
    only_quantities: bool = False
    """Whether another method is the same for classes."""


@dataclass
class Plainnet:
    """Our own classifier or regressor, as a user would call it."""

    classes: bool
    settings: Mapping[str, Any]

    def __post_init__(self) -> None:
        from plainnet import Classifier, Regressor

        self.model: Any = (Classifier if self.classes else Regressor)(**self.settings)

    def fit(self, X: pd.DataFrame, y: Array) -> Any:
        return self.model.fit(X, y)

    def answers(self, X: pd.DataFrame) -> Array:
        if not self.classes:
            return np.asarray(self.model.predict(X))
        return np.asarray(self.model.predict_proba(X)[:, np.argsort(self.model.labels)])


@dataclass
class Prepared:
    """Another's estimator, behind the same preparation of the columns in training and prediction.

    A text becomes a category of the training rows; one that they lack is missing.
    """

    estimator: Any
    classes: bool
    texts: bool = False
    """Whether categories stay texts that are never missing, as CatBoost takes them."""
    filled: bool = False
    """Whether missing numbers become the median of the training rows."""

    def fit(self, X: pd.DataFrame, y: Array) -> Any:
        others = [name for name in X if not pd.api.types.is_numeric_dtype(X[name])]
        self.dates = [name for name in others if days_of(X[name]).notna().all()]
        texts = [name for name in others if name not in self.dates]
        self.categories = {name: sorted(X[name].dropna().unique()) for name in texts}
        self.medians = X.drop(columns=others).median()
        options = {"cat_features": texts} if self.texts else {}
        return self.estimator.fit(self.prepare(X), y, **options)

    def answers(self, X: pd.DataFrame) -> Array:
        predict = self.estimator.predict_proba if self.classes else self.estimator.predict
        return np.asarray(predict(self.prepare(X)))

    def prepare(self, X: pd.DataFrame) -> pd.DataFrame:
        if self.filled:
            X = X.fillna(self.medians)
        columns: dict[str, Any] = {name: days_of(X[name]) for name in self.dates}
        columns |= {name: X[name].astype(int) for name in X.select_dtypes("bool")}
        for name, known in self.categories.items():
            cells = X[name].fillna("missing") if self.texts else X[name].where(X[name].isin(known))
            columns[name] = cells if self.texts else pd.Categorical(cells, known)
        return X.assign(**columns)


def days_of(dates: pd.Series) -> pd.Series:
    """Days since 1970; missing where a cell is no date such as 2024-05-31."""
    parsed = pd.to_datetime(dates, format="%Y-%m-%d", errors="coerce")
    return (parsed - pd.Timestamp(0)).dt.days


def linear(classes: bool, seed: int) -> Model:
    from sklearn.linear_model import LogisticRegression, Ridge

    last = LogisticRegression(max_iter=1000, random_state=seed) if classes else Ridge()
    return Prepared(_numbers_then(last), classes)


def sklearn_mlp(classes: bool, seed: int) -> Model:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    last = (MLPClassifier if classes else MLPRegressor)(random_state=seed)
    return Prepared(_numbers_then(last), classes)


def sklearn_mlp_scaled_target(classes: bool, seed: int) -> Model:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPRegressor
    from sklearn.preprocessing import StandardScaler

    mlp = MLPRegressor(random_state=seed)
    last = TransformedTargetRegressor(mlp, transformer=StandardScaler())
    return Prepared(_numbers_then(last), classes)


def random_forest(classes: bool, seed: int) -> Model:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    last = (RandomForestClassifier if classes else RandomForestRegressor)(random_state=seed)
    return Prepared(_numbers_then(last), classes)


def hist_gradient_boosting(classes: bool, seed: int) -> Model:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    return Prepared(kind(categorical_features="from_dtype", random_state=seed), classes)


def lightgbm(classes: bool, seed: int) -> Model:
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMClassifier if classes else LGBMRegressor
    return Prepared(kind(n_jobs=1, random_state=seed, verbose=-1), classes)


def xgboost(classes: bool, seed: int) -> Model:
    from xgboost import XGBClassifier, XGBRegressor

    kind = XGBClassifier if classes else XGBRegressor
    return Prepared(kind(enable_categorical=True, n_jobs=1, random_state=seed), classes)


def catboost(classes: bool, seed: int) -> Model:
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostClassifier if classes else CatBoostRegressor
    quiet = {"verbose": False, "allow_writing_files": False}
    return Prepared(kind(thread_count=1, random_seed=seed, **quiet), classes, texts=True)


def realmlp(classes: bool, seed: int) -> Model:
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    kind = RealMLP_TD_Classifier if classes else RealMLP_TD_Regressor
    return Prepared(kind(device="cpu", n_threads=1, random_state=seed), classes, filled=True)


def tabm(classes: bool, seed: int) -> Model:
    from pytabkit import TabM_D_Classifier, TabM_D_Regressor

    kind = TabM_D_Classifier if classes else TabM_D_Regressor
    return Prepared(kind(device="cpu", n_threads=1, random_state=seed), classes, filled=True)


def _numbers_then(estimator: Any) -> Any:
    """An estimator behind scaled numbers, missing ones as the median, and one-hot categories."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include="category")),
    )
    return make_pipeline(columns, estimator)


def _ours(settings: Mapping[str, Any]) -> Callable[[bool, int], Model]:
    return lambda classes, seed: Plainnet(classes, {"seed": seed, **settings})


METHODS: Mapping[str, Method] = {
    **{
        name: Method(name.replace("-", ", --", 1), "plainnet", _ours(settings))
        for name, settings in OURS.items()
    },
    "linear": Method("logistic regression, ridge", "scikit-learn", linear),
    "mlp": Method("scikit-learn's MLP", "scikit-learn", sklearn_mlp),
    "mlp-target": Method(
        "scikit-learn's MLP, target scaled", "scikit-learn", sklearn_mlp_scaled_target, True
    ),
    "forest": Method("RandomForest", "scikit-learn", random_forest),
    "histgb": Method("HistGradientBoosting", "scikit-learn", hist_gradient_boosting),
    "lightgbm": Method("LightGBM", "lightgbm", lightgbm),
    "xgboost": Method("XGBoost", "xgboost-cpu", xgboost),
    "catboost": Method("CatBoost", "catboost", catboost),
    "realmlp": Method("RealMLP-TD", "pytabkit", realmlp),
    "tabm": Method("TabM", "pytabkit", tabm),
}
