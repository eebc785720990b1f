"""The lessons: found, checked and shown without a network; `docs/lessons/WRITING.md` has the form.

A lesson is a folder with one file of code for both languages and a text in each. `weaving.py`
writes the code, what it prints, and the library's own source into the texts.
"""

from plainnet.lessons.course import LANGUAGES, Lesson, course, lesson

__all__ = ["LANGUAGES", "Lesson", "course", "lesson"]
