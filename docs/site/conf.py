"""The settings of Sphinx; `__main__.py` adds the language."""

from typing import Any

from sphinx.application import Sphinx

from docs.site import code_pages, html, mathml, names, navigation, searching
from docs.site.code_pages import linkcode_resolve as linkcode_resolve
from plainnet import __version__

project = "plainnet"
version = release = __version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.linkcode",
    "sphinx_copybutton",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
default_role = "known"  # of names.py
add_module_names = False
python_use_unqualified_type_names = True
maximum_signature_line_length = 88

myst_heading_anchors = 6
myst_heading_slug_func = "docs.site.links.slug"
myst_enable_extensions = ["colon_fence"]

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_use_rtype = False
napoleon_use_ivar = True

html_theme = "furo"
pygments_dark_style = "github-dark"
html_title = "plainnet"
templates_path = ["templates"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_show_search_summary = False  # it would be fetched, which browsers refuse from the disk
html_math_renderer = "mathml"
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "languages.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#0a6ebd",
        "color-brand-content": "#0a6ebd",
        "color-api-name": "#1c2530",
    },
    "dark_css_variables": {
        "color-brand-primary": "#6ab3f0",
        "color-brand-content": "#6ab3f0",
        "color-api-name": "#e6ebf0",
    },
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def setup(app: Sphinx) -> dict[str, Any]:
    """Add what writes formulas, names and the margin, and the search for Chinese."""
    code_pages.setup(app)
    html.setup(app)
    mathml.setup(app)
    names.setup(app)
    navigation.setup(app)
    searching.setup(app)
    return {"parallel_read_safe": True}
