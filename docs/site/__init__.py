"""The documentation as a site, `make docs`: Sphinx on pages made from what GitHub shows, too.

`python -m docs.site FOLDER` builds it. `staging.py` writes the pages of one language into a folder:
the project's Markdown, with links that lead to pages of the site (`links.py`), a page for each
module of the library (`reference.py`), and pages that show code. `conf.py` is Sphinx's settings;
`mathml.py` writes formulas.

Sphinx with the theme Furo, because a page opened from the disk needs nobody: fonts, icons and
search are in the folder. MyST reads Markdown as GitHub does, and autodoc sees docstrings as Python
does, with those that exist only at run time.
"""
