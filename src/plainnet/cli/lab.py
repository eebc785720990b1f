"""`plainnet lab`: a page in which a network can be watched while it learns."""

import click

from plainnet.errors import MissingExtraError


@click.command("lab")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port. [a free one]")
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
def command(port: int, no_browser: bool) -> None:
    """Open a page in which a network can be watched and changed while it learns.

    The page is served on this machine alone, and loads nothing from elsewhere.
    """
    try:
        from plainnet.lab.running import run_lab
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] == "plainnet":
            raise
        raise MissingExtraError.of("The lab", "starlette", "uvicorn", extra="lab") from None
    run_lab(port, browser=not no_browser)
