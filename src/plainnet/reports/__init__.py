"""What a person looks at: results as text, and the progress of long work."""

from plainnet.reports.progress import counting, show_progress
from plainnet.reports.text import evaluation_text, network_text, percent, table

__all__ = ["counting", "evaluation_text", "network_text", "percent", "show_progress", "table"]
