"""The network as scikit-learn estimators: the extra `sklearn`.

::

    from plainnet.sklearn import PlainNetClassifier

    classifier = PlainNetClassifier(dropout=0.2, early_stopping=True).fit(X, y)

They take the place of scikit-learn's `MLPClassifier` and `MLPRegressor`: the same parameters,
defaults and fitted attributes, and from the same seed the same network; what there is beyond, and
what differs, stands in `docs/compatibility.md`. Inside is `plainnet.train`, and nothing else.

A fitted estimator holds the network as `network_` (logits out, in the dtype of X), what follows it
as `out_activation_`, and what its outputs stand for as `classes_`.
"""

from plainnet.errors import MissingExtraError

try:
    import sklearn as _  # noqa: F401
except ImportError:
    raise MissingExtraError.of("plainnet.sklearn", "scikit-learn", extra="sklearn") from None

from plainnet.sklearn.classifier import PlainNetClassifier
from plainnet.sklearn.regressor import PlainNetRegressor

__all__ = ["PlainNetClassifier", "PlainNetRegressor"]
