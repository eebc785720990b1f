"""`plainnet compile`: compile what makes trainings fast before the first one needs it."""

import click

from plainnet.cli.options import json_option, print_json
from plainnet.models.kernels_ahead import PARTS, compile_ahead
from plainnet.reports import counting, table


@click.command("compile")
@json_option
def command(as_json: bool) -> None:
    """Compile the kernels of trainings and answers, which otherwise wait for their first use.

    They are stored in the folder NUMBA_CACHE_DIR, beside the installed package, or in the user's
    cache folder: the first that can be written to. For the image of a container, or an installation
    that others only read: run it where that is made, on the same kind of processor.
    """
    parts = {}
    with counting("compiling") as progress:
        progress(0, len(PARTS))
        for part in compile_ahead():
            parts[part.part] = part
            progress(len(parts), len(PARTS))
    done = [parts[name] for name in PARTS]
    folders = sorted({folder for part in done for folder in part.folders})
    if as_json:
        facts = [
            {"part": each.part, "compiled": each.compiled, "seconds": each.seconds} for each in done
        ]
        print_json({"parts": facts, "folders": folders})
        return
    rows = [
        (each.part, len(each.compiled) or "stored already", f"{each.seconds:.1f}") for each in done
    ]
    print(table(("kernels for", "compiled", "seconds"), rows))
    print("\n".join(["", "stored in", *folders]))
