"""`plainnet lab`: a page in which a network can be watched while it learns."""

from pathlib import Path

import click

from plainnet.cli.options import PathType
from plainnet.errors import FileError, MissingExtraError
from plainnet.reports import printable, say

RUNS = Path("runs")
"""The default folder, which may be missing."""


@click.command("lab")
@click.argument("folder", type=PathType(), default=RUNS)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port. [a free one]")
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
@click.option(
    "--state", default="", help="Open these settings, as they stand behind # in a lab's address."
)
def command(folder: Path, port: int, no_browser: bool, state: str) -> None:
    """Open a page in which a network can be watched and changed while it learns.

    It also shows the runs in FOLDER [runs]. The page is served on this machine alone, and loads
    nothing from elsewhere.
    """
    check_folder(folder)
    open_lab(port, folder, browser=not no_browser, state=state)


def check_folder(folder: Path) -> None:
    """Refuse what cannot be a folder of runs; say so if a folder other than `runs` is missing.

    Raises:
        FileError: the path is a file, or the folder that should hold it does not exist.
    """
    if folder.is_dir() or folder == RUNS:
        return
    if folder.exists():
        raise FileError(f"FOLDER should be a folder of runs, but {folder} is a file; name another.")
    if not folder.absolute().parent.is_dir():
        raise FileError(
            f"FOLDER should be a folder of runs, but there is no {folder.parent} to hold "
            f"{folder.name}; check the spelling."
        )
    say(f"{printable(str(folder))} does not exist yet; it is made when the lab writes into it.")


def open_lab(port: int, folder: Path, *, browser: bool, state: str = "", page: str = "") -> None:
    """Run the lab; the arguments are those of `run_lab`.

    Raises:
        MissingExtraError: the extra `lab` is not installed.
    """
    try:
        from plainnet.lab.running import run_lab
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] == "plainnet":
            raise
        raise MissingExtraError.of("The lab", "starlette", "uvicorn", extra="lab") from None
    run_lab(port, folder, browser=browser, state=state, page=page)
