"""What is done with a table: its target is a class, or a number."""

from typing import Literal

Task = Literal["classification", "regression"]
TASKS = ("auto", "classification", "regression")
"""What a user may ask for."""
