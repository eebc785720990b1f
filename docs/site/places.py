"""Where a file of the project stands in the site.

A place is the path of a page below the site's folder, with `.md`. The English site fills the
folder, and the Chinese one `zh/` inside of it.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ELSEWHERE = {
    "README.md": ("en", "index.md"),
    "CHANGELOG.md": ("en", "changes.md"),
    "CONTRIBUTING.md": ("en", "contributing.md"),
    "benchmarks/RESULTS.md": ("en", "speed.md"),
    "README.zh.md": ("zh", "index.md"),
}
"""Language and place of the pages that are not files of the same name below `docs/`."""
NO_PAGES = ("docs/site/", "docs/images/")
SPOKEN = re.compile(r"\.(en|zh)(?=\.md$)")
"""The language in the name of a file; without one it is English."""
FENCE = re.compile(r"^ *(```+|~~~+).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[([^\]\[]*)\]\(([^)\s]+)\)")
PICTURES = (".svg", ".png")


def place_of(path: str) -> tuple[str, str]:
    """Return language and place of a file or folder of the project, such as `docs/tables.md`.

    The language is "" for pictures, which both sites show.
    """
    if path.endswith(PICTURES):
        return "", f"pictures/{path}"
    if path in ELSEWHERE:
        return ELSEWHERE[path]
    if path.startswith("docs/") and path.endswith(".md") and not path.startswith(NO_PAGES):
        found = SPOKEN.search(path)
        place = SPOKEN.sub("", path.removeprefix("docs/"))
        place = re.sub(r"/lesson\.md$", ".md", place).replace("README.md", "index.md")
        return found[1] if found else "en", place
    return "en", f"source/{path}/index.md" if (ROOT / path).is_dir() else f"source/{path}.md"


def pages_of(language: str) -> dict[str, str]:
    """Return the files of a language's pages by their places."""
    below = (one.relative_to(ROOT).as_posix() for one in (ROOT / "docs").rglob("*.md"))
    paths = {*ELSEWHERE, *(path for path in below if not path.startswith(NO_PAGES))}
    found = {path: place_of(path) for path in sorted(paths) if (ROOT / path).is_file()}
    return {place: path for path, (spoken, place) in found.items() if spoken == language}


def target_of(link: str, path: str) -> str | None:
    """Return the file or folder that a link in a file leads to; None if it leads out."""
    if re.match(r"[a-z]+:|#|//", link):
        return None
    return os.path.normpath(Path(path).parent / link.partition("#")[0])


def linked(path: str) -> Iterator[str]:
    """Yield the files and folders of the project that a page leads to or shows."""
    for _, link in LINK.findall(FENCE.sub("", (ROOT / path).read_text("utf-8"))):
        if (target := target_of(link, path)) is not None:
            yield target
