"""`python -m plainnet.lessons [NUMBER …]`, or `make lessons`: run lessons, write their texts."""

import json
import sys
import tempfile
import time
from pathlib import Path

from plainnet.lessons.course import LANGUAGES, Lesson, course
from plainnet.lessons.figures import in_both_languages
from plainnet.lessons.records import is_reference_setup, record, setup, setup_file
from plainnet.lessons.running import run_blocks
from plainnet.lessons.weaving import woven


def update(lesson: Lesson) -> None:
    """Run a lesson, record what it prints and draws, and write both texts."""
    with tempfile.TemporaryDirectory() as folder:
        ran = run_blocks(lesson.blocks, Path(folder))
    figures = in_both_languages(lesson, ran.figures)
    record(lesson, ran.outputs)
    lesson.figures.mkdir(exist_ok=True)
    for old in lesson.figures.iterdir():
        old.unlink()
    for name, content in figures.items():
        (lesson.figures / name).write_bytes(content)
    for language in LANGUAGES:
        lesson.text_file(language).write_text(woven(lesson, language), "utf-8")


def main(numbers: list[int]) -> None:
    """Update lessons, by default all; then the set-up that they were recorded on is this one."""
    for one in course():
        if not numbers or one.number in numbers:
            start = time.process_time()
            update(one)
            print(f"{one.title('en')}: {time.process_time() - start:.1f} s")
    if not numbers or not setup_file().is_file():
        setup_file().write_text(json.dumps(setup(), indent=1) + "\n", "utf-8")
    elif not is_reference_setup():
        print("recorded on another set-up than the rest of the course: update all lessons")


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]])
