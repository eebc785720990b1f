"""The network as scikit-learn estimators: the extra `sklearn`.

::

    from plainnet.sklearn import PlainNetClassifier

    classifier = PlainNetClassifier(dropout=0.2, early_stopping=True).fit(X, y)

They replace scikit-learn's `MLPClassifier` and `MLPRegressor`, with the same parameters,
defaults and fitted attributes, and the same network from the same seed; `docs/compatibility.md`
lists additions and differences. They train with `plainnet.train`.

A fitted estimator holds the network as `network_` (logits, in the dtype of X), the function after
it as `out_activation_`, and the classes of its outputs as `classes_`.
"""

from plainnet.errors import MissingExtraError

try:
    import sklearn as _  # noqa: F401
except ImportError:
    raise MissingExtraError.of("plainnet.sklearn", "scikit-learn", extra="sklearn") from None

from plainnet.sklearn.classifier import PlainNetClassifier
from plainnet.sklearn.regressor import PlainNetRegressor

__all__ = ["PlainNetClassifier", "PlainNetRegressor"]
