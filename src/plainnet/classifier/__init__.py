"""The thing a user keeps: preprocessing, network and class names, trained, saved and asked."""

from plainnet.classifier.classifier import Classifier
from plainnet.classifier.preprocessing import Preprocessing
from plainnet.classifier.recipe import Recipe
from plainnet.classifier.run_folder import finish_run, load_run, start_run

__all__ = ["Classifier", "Preprocessing", "Recipe", "finish_run", "load_run", "start_run"]
