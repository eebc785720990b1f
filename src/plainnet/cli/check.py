"""`plainnet check`: what is wrong with the data, before anything is learned from it."""

from pathlib import Path

import click

from plainnet.cli.options import PathType, json_option, print_json
from plainnet.cli.overwriting import check_kind
from plainnet.errors import SettingError
from plainnet.files.writing import write_file
from plainnet.pictures.check import check
from plainnet.reports import count, counting, say, table
from plainnet.reports.check_page import check_page
from plainnet.reports.check_text import check_text
from plainnet.reports.widths import shortened
from plainnet.tables import ColumnSummary, is_table, overview
from plainnet.tables.files import read_table, tables_at

PAGES = (".html", ".htm")


@click.command("check")
@click.argument("data", type=PathType())
@click.option(
    "--page",
    type=PathType(),
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

    DATA is anything that `plainnet train` takes. Of a table it is told what each column holds, and
    what a training would make of it.
    """
    if is_table(data):
        check_tables(data, page, as_json)
        return 0
    check_kind(page, "--page", "a page", PAGES)
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


def check_tables(data: Path, page: Path | None, as_json: bool) -> None:
    """Say what each column of a table, or of each table in a folder, holds."""
    if page is not None:
        raise SettingError("--page shows pictures, and a table has none; leave it out.")
    looked = {}
    for path in tables_at(data).values():
        with counting("reading") as progress:
            read = read_table(path, progress=progress)
        looked[path] = (len(read), overview(read))
    if as_json:
        told = {
            str(path): {"rows": n, "columns": [one.to_dict() for one in columns]}
            for path, (n, columns) in looked.items()
        }
        print_json({"tables": told})
        return
    print("\n\n".join(_table_text(path, n, columns) for path, (n, columns) in looked.items()))


def _table_text(path: Path, n: int, columns: list[ColumnSummary]) -> str:
    rows = [
        (one.name, one.kind, f"{one.missing:,}", f"{one.different:,}", _cut(one), one.note)
        for one in columns
    ]
    header = ("column", "taken as", "missing", "different", "values", "")
    told = table(header, rows, texts=(0, 1, 4, 5))
    return f"{path}: {count(n, 'row')}, {count(len(columns), 'column')}\n\n{told}"


def _cut(one: ColumnSummary) -> str:
    return ", ".join(shortened(text, 24 if len(one.examples) > 1 else 44) for text in one.examples)
