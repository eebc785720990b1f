"""What is changed in the HTML of pages: types as in the code, lists and keys for all."""

import re
from typing import Any

from sphinx.application import Sphinx

PARAMETERS = re.compile(r'<dl>\s*((?:<dd><em class="sig-param">.*?</dd>\s*)+)</dl>')
TOKEN = r'(?:<span class="p">)?<span class="pre">{}</span>(?:</span>)?(?:<span class="w"> </span>)?'
PARTS = ("ndarray", "[", "tuple", "[", "Any", ",", "...", "]", ",", "dtype", "[", "Any", "]")
MODULE = re.compile(
    r'<span class="pre">&lt;module</span> <span class="pre">\'(\w+)\'</span> '
    r'<span class="pre">from</span> <span class="pre">[^<]*&gt;</span>'
)
ARRAY = re.compile(
    "".join(TOKEN.format(re.escape(part)) for part in PARTS)
    + r'<span class="p"><span class="pre">\]</span></span>'
)


def changed(body: str) -> str:
    """Return a page whose code and tables are scrolled by keys; lists are lists, arrays `Array`."""
    body = ARRAY.sub('<span class="pre">Array</span>', body)
    body = MODULE.sub(r'<span class="pre">\1</span>', body)  # not where it lies on this machine
    body = PARAMETERS.sub(_without_list, body)
    body = body.replace("<pre>", '<pre tabindex="0">')
    return body.replace('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper')


def _without_list(found: re.Match[str]) -> str:
    rows = found[1].replace("<dd>", "<div>").replace("</dd>", "</div>")
    return f'<div class="sig-params">{rows}</div>'


def setup(app: Sphinx) -> None:
    """Change pages before they are written."""

    def page(_: Sphinx, __: str, ___: str, context: dict[str, Any], ____: object) -> None:
        if "body" in context:
            context["body"] = changed(context["body"])

    app.connect("html-page-context", page)
