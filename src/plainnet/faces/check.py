"""`plainnet check`: what is wrong with the data, before anything is learned from it."""

from pathlib import Path

import click

from plainnet.errors import FileError
from plainnet.faces.options import json_option, print_json
from plainnet.files import write_file
from plainnet.pictures import check
from plainnet.reports import counting, say
from plainnet.reports.check_page import check_page
from plainnet.reports.check_text import check_text

PAGES = (".html", ".htm")


@click.command("check")
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--page",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a page that shows the pictures in question, an .html file.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 if there are problems.")
@json_option
def command(data: Path, page: Path | None, strict: bool, as_json: bool) -> int:
    """Look for what is wrong with DATA before training on it; nothing is changed.

    Told are unreadable and misnamed files, pictures that are there twice (also compressed anew or
    in another size, above all in different classes or in train and test), pictures of one colour
    or of odd size, and classes of very different size.

    DATA is anything that `plainnet train` takes.
    """
    _check_page(page)
    with counting("checking") as progress:
        findings = check(data, progress=progress)
    if as_json:
        print_json(findings.to_dict())
    else:
        print(check_text(findings))
    if page is not None:
        write_file(page, check_page(findings))
        say(f"The page is written: {page}")
    return int(strict and findings.severities()["problem"] > 0)


def _check_page(page: Path | None) -> None:
    """Refuse to write a page over anything but a page."""
    if page is not None and page.is_file() and page.suffix.lower() not in PAGES:
        raise FileError(
            f"{page} is there already and is not named as a page; --page writes one, so name an "
            ".html file."
        )
