"""The pages of the site in one language, as Sphinx reads them, written into a folder."""

from pathlib import Path

from docs.site import mathml, reference
from docs.site.code_pages import code_pages, files_of_reference
from docs.site.links import for_site
from docs.site.navigation import toctrees
from docs.site.places import ROOT, linked, pages_of, place_of

HERE = Path(__file__).parent


def stage(folder: Path, language: str) -> None:
    """Write all pages, and what they show, into a folder; unchanged files keep their time."""
    made = staged(language)
    for old in folder.rglob("*"):
        if old.is_file() and old.relative_to(folder).as_posix() not in made:
            old.unlink()
    for place, content in made.items():
        path = folder / place
        data = content if isinstance(content, bytes) else content.encode()
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def staged(language: str) -> dict[str, str | bytes]:
    """Return all files that Sphinx reads, by their places."""
    made: dict[str, str | bytes] = {}
    pages = pages_of(language)
    for place, path in pages.items():
        made[place] = for_site((ROOT / path).read_text("utf-8"), path, place, language)
    targets = {target for path in pages.values() for target in linked(path)}
    for target in targets | {*files_of_reference()}:
        spoken, place = place_of(target)
        if not spoken:
            made[place] = (ROOT / target).read_bytes()
        elif spoken == language == "en" and place.startswith("source/"):
            made |= dict(code_pages(target))
    made["index.md"] = f"{made['index.md']!s}\n{toctrees(language)}"
    if language == "en":
        made |= reference.pages()
    return {
        **made,
        "_static/site.css": (HERE / "site.css").read_bytes(),
        "_static/STIXTwoMath-Regular.ttf": mathml.font(),
    }
