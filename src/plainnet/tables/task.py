"""The tasks of a table: the target is a class, or a number."""

from typing import Literal

Task = Literal["classification", "regression"]
"""What is learned from a target: a class or a number."""
TASKS = ("auto", "classification", "regression")
"""The values of `task`."""
NAMED_KINDS = ("number", "category", "date", "text")
"""The kinds that a user can name for a column."""
