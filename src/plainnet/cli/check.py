"""`plainnet check`: problems of a data set, found before a training."""

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


@click.command("check")
@click.argument("data", type=PathType())
@click.option(
    "--page",
    type=PathType(),
    metavar="FILE",
    help="Write an .html page that shows the pictures concerned.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 if there are problems.")
@json_option
def command(data: Path, page: Path | None, strict: bool, as_json: bool) -> int:
    """Look for problems in DATA before training on it; nothing is changed.

    Reports unreadable and misnamed files, duplicate pictures (also compressed again or resized;
    above all in different classes, or in train and test), pictures of a single colour or of odd
    size, and classes of very different size.

    DATA is anything that `plainnet train` takes. For a table, the content of each column is shown,
    and how a training would use it.
    """
    if is_table(data):
        check_tables(data, page, as_json)
        return 0
    check_kind(page, "--page", "a page", (".html", ".htm"))
    with counting("checking") as progress:
        findings = check(data, progress=progress)
    if as_json:
        print_json(findings.to_dict())
    else:
        print(check_text(findings))
    if page is not None:
        write_file(page, check_page(findings))
        say(f"written  {page}")
    return int(strict and findings.severities()["problem"] > 0)


def check_tables(data: Path, page: Path | None, as_json: bool) -> None:
    """Print what each column of a table, or of each table in a folder, holds."""
    if page is not None:
        raise SettingError("--page shows pictures, and a table has none; leave it out.")
    looked = {}
    for path in tables_at(data).values():
        with counting("reading") as progress:
            read = read_table(path, progress=progress)
        looked[path] = (len(read), overview(read))
    if as_json:
        tables = {
            str(path): {"rows": n, "columns": [one.to_dict() for one in columns]}
            for path, (n, columns) in looked.items()
        }
        print_json({"tables": tables})
        return
    print("\n\n".join(_table_text(path, n, columns) for path, (n, columns) in looked.items()))


def _table_text(path: Path, n: int, columns: list[ColumnSummary]) -> str:
    rows = [
        (one.name, one.kind, f"{one.missing:,}", f"{one.different:,}", _cut(one), one.note)
        for one in columns
    ]
    header = ("column", "taken as", "missing", "different", "values", "")
    shown = table(header, rows, texts=(0, 1, 4, 5))
    return f"{path}: {count(n, 'row')}, {count(len(columns), 'column')}\n\n{shown}"


def _cut(one: ColumnSummary) -> str:
    return ", ".join(shortened(text, 24 if len(one.examples) > 1 else 44) for text in one.examples)
