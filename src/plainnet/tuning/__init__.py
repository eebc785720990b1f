"""The search for better settings: trials proposed by Optuna, and the measured winner."""

from plainnet.tuning.study import Study
from plainnet.tuning.trial import Trial
from plainnet.tuning.tune import tune

__all__ = ["Study", "Trial", "tune"]
