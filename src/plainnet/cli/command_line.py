"""`plainnet`: the commands, each in a module that is imported only when it is called.

Exit codes: 0, done; 2, invalid input or settings, explained by one sentence on stderr; 130, stopped
by Ctrl-C; 143, stopped by SIGTERM.
"""

import atexit
import gc
import importlib
import logging
import os
import sys
from contextlib import suppress
from typing import Any, TextIO

import click

from plainnet.cli.interrupt import TERMINATED, code_of, ignore_interrupts, install_sigterm_handler
from plainnet.errors import PlainnetError
from plainnet.reports.progress import say

COMMANDS = {
    "demo": "Draw pictures of cats and other animals; train, evaluate, predict.",
    "train": "Train on a folder of pictures for each class, or a table; write a run.",
    "tune": "Search for settings that suit the data, and train with the best.",
    "cross-validate": "Estimate how well a training would do, from little data.",
    "evaluate": "Measure a run on labelled data.",
    "predict": "Predict the classes of new pictures, or the targets of new rows.",
    "compare": "Compare runs: scores, settings, and what may be noise.",
    "report": "Write a page about a run: its scores, its mistakes and its limits.",
    "check": "Look for problems in data before training on it.",
    "summary": "Show the layers, sizes and settings of a run.",
    "explain": "Show which pixels or columns led to an answer.",
    "importance": "Measure how much each column of a table matters to a run.",
    "trace": "Follow a sample through a run, formula by formula.",
    "graph": "Draw the computation graph of a run.",
    "export": "Write a run for other programs to use.",
    "compile": "Compile what makes trainings fast before the first one needs it.",
    "lab": "Open a page in which to watch and change a network while it learns.",
    "serve": "Answer over HTTP with runs: the Open Inference Protocol, and a page to try them.",
    "lesson": "Open a lesson, or check its exercises: ten lessons with code, offline.",
    "article": "Repeat the run of the article that plainnet grew from.",
}
COMPUTING = {*COMMANDS} - {"summary", "graph", "lesson"}
"""The commands that take `--threads`."""
LOADED = 150_000
"""More objects than a short command makes: the first time that Python looks for garbage."""
HELP = """Neural networks in plain sight: train on your pictures, tables or feature vectors.

\b
To see it work:           plainnet demo
With your own pictures:   plainnet train FOLDER
And then with new ones:   plainnet predict RUN PICTURE

FOLDER holds a folder of pictures for each class; RUN is the folder that `train` has written.
"""  # \b: click does not rewrap these lines


def _threads_option() -> click.Option:
    """Return the option `--threads`, which takes effect before the command begins."""

    def allow(ctx: click.Context, param: click.Parameter, n: int | None) -> None:  # noqa: ARG001
        if n is not None:
            from plainnet.training.threads import set_threads

            set_threads(n)

    return click.Option(
        ["--threads"],
        type=int,
        metavar="N",
        expose_value=False,
        callback=allow,
        help="Use at most N threads. [PLAINNET_THREADS, or one for each processor]",
    )


class _Lazy(click.Group):
    """A group whose commands live in `plainnet.cli.<name>`, as `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in COMMANDS:
            return None
        command = importlib.import_module(f"plainnet.cli.{name.replace('-', '_')}").command
        if not isinstance(command, click.Command):
            return None
        if name in COMPUTING and all(param.name != "threads" for param in command.params):
            command.params.append(_threads_option())
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Return the command of this name, or hint at the one that was probably meant."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches  # only for an error

            close = get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(COMMANDS)}."
            raise click.UsageError(f"There is no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Lazy, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="plainnet")
def cli() -> None:
    """The group of all commands."""


def main() -> None:
    """Run a command, and turn errors into a sentence and an exit code."""
    _collect_late()
    for stream in (sys.stdout, sys.stderr):
        _escape_unencodable(stream)
    logging.basicConfig(level=logging.INFO, format="%(message)s")  # to stderr
    install_sigterm_handler()
    failed = True
    try:
        code = cli(prog_name="plainnet", standalone_mode=False) or 0
        if sys.stdout is not None:
            sys.stdout.flush()
        failed = False
    except PlainnetError as error:
        code = _report(str(error).rstrip())
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort) as error:
        code = code_of(error.__cause__ or error)
        say("Stopped by SIGTERM." if code == TERMINATED else "Stopped by Ctrl-C.")
    except MemoryError:
        code = _report(
            "There is not enough memory; try a smaller --size, --hidden or --batch-size."
        )
    except (BrokenPipeError, SystemExit):  # the reader of the output has gone, as `head` does
        _forget(sys.stdout)
        code = 0
    except OSError as error:  # such as a full disk behind stdout
        what = error.filename or "The output"
        code = _report(f"{what} cannot be read or written: {error.strerror or error}.")
        _forget(sys.stdout)
    ignore_interrupts()
    if failed and "mpi4py.MPI" in sys.modules:
        importlib.import_module("plainnet.cli.distributed").end_all(code)
    sys.exit(code)


def _collect_late() -> None:
    """Let Python look for garbage as usual, but not while modules are loaded, and not at its end.

    It looks through all objects again and again, which takes a fifth of a short command.
    """
    usual = gc.get_threshold()
    if usual[0] >= LOADED:  # not yet since the last call
        return

    def collected(phase: str, info: object) -> None:  # noqa: ARG001
        if phase == "stop":
            gc.set_threshold(*usual)
            gc.callbacks.remove(collected)

    gc.callbacks.append(collected)
    gc.set_threshold(LOADED, *usual[1:])
    atexit.register(gc.freeze)


def _report(sentence: str) -> int:
    say(f"Error: {sentence}")
    return 2


def _escape_unencodable(stream: TextIO | Any) -> None:
    """Write characters that a terminal or a pipe cannot take as escapes."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


def _forget(stream: TextIO | Any) -> None:
    """Discard what could not be written, so that Python does not try it again at exit."""
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
