"""Build the site, `python -m docs.site [FOLDER]`: English into the folder, 中文 into its `zh/`."""

import hashlib
import shutil
import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from docs.site.places import ROOT
from docs.site.staging import stage

LANGUAGES = {"en": "en", "zh": "zh_CN"}


def build(folder: Path, pages: Path) -> int:
    """Build both languages into a folder; any warning, such as a dead link, makes it 1.

    Args:
        folder: of the site.
        pages: a folder for the pages as Sphinx reads them, and for what it remembers of them.
    """
    shutil.rmtree(folder, ignore_errors=True)
    forget_if_changed(pages, Path(__file__).parent)
    worst = 0
    for language, name in LANGUAGES.items():
        source = pages / language
        stage(source, language)
        with patch_docutils(), docutils_namespace():
            app = Sphinx(
                srcdir=source,
                confdir=Path(__file__).parent,
                outdir=folder / ("zh" if language == "zh" else ""),
                doctreedir=pages / f"doctrees-{language}",
                buildername="html",
                confoverrides={"language": name, "html_static_path": [str(source / "_static")]},
                status=None,
                warningiserror=True,
            )
            app.build()
        worst = max(worst, app.statuscode)
    return worst


def forget_if_changed(pages: Path, code: Path) -> None:
    """Empty the folder of remembered pages if the code that makes the site has changed since."""
    files = (path for path in sorted(code.rglob("*")) if path.suffix in (".py", ".css", ".html"))
    now = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    mark = pages / "code.sha256"
    if not mark.is_file() or mark.read_text() != now:
        shutil.rmtree(pages, ignore_errors=True)
        pages.mkdir(parents=True)
        mark.write_text(now)


if __name__ == "__main__":
    where = Path(*sys.argv[1:2] or [str(ROOT / "build/site")])
    code = build(where, ROOT / "build/site-pages")
    print(f"{'Built, with warnings' if code else 'Built'}: {where / 'index.html'}")
    sys.exit(code)
