"""`plainnet`: the commands, each in a module that is imported only when it is called.

Exit codes: 0 done; 2 bad input or settings, told in one sentence on stderr; 130 stopped by Ctrl-C,
143 by a polite kill.
"""

import importlib
import logging
import os
import sys
from contextlib import suppress
from difflib import get_close_matches
from typing import Any, TextIO

import click

from plainnet.cli.interrupt import TERMINATED, code_of, install_sigterm_handler, not_heard_any_more
from plainnet.errors import PlainnetError
from plainnet.reports.progress import say

COMMANDS = {
    "demo": "Draw pictures of cats and other animals; train, evaluate, predict.",
    "train": "Learn from a folder of pictures for each class; write a run.",
    "cross-validate": "Say how well a training would do, from few pictures.",
    "evaluate": "Measure how well a run answers on data with known classes.",
    "predict": "Say what a run sees in new pictures.",
    "report": "Write a page about a run: how well it answers, and where it errs.",
    "check": "Look for what is wrong with data before training on it.",
    "summary": "Show the layers, sizes and settings of a run.",
    "explain": "Show which pixels spoke for an answer, and which against it.",
    "trace": "Follow a picture through a run, formula by formula.",
    "graph": "Draw the computation graph of a run.",
    "export": "Write a run for other programs to use.",
    "article": "Repeat the run of the article that plainnet grew from.",
}
COMPUTING = {*COMMANDS} - {"summary", "graph"}
"""The commands that take `--threads`."""
HELP = """A neural network in plain sight, and a picture classifier for your own folders.

\b
To see it work:           plainnet demo
With your own pictures:   plainnet train FOLDER
And then with new ones:   plainnet predict RUN PICTURE

FOLDER holds a folder of pictures for each class; RUN is the folder that `train` has written.
"""  # \b: these lines stay as they are


def _threads_option() -> click.Option:
    """`--threads`, which does its work before the command begins."""

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
        help="Use at most so many processors. [PLAINNET_THREADS, or all]",
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
        """The command of this name, or a hint which one may be meant."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            close = get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(COMMANDS)}."
            raise click.UsageError(f"There is no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Lazy, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="plainnet")
def cli() -> None:
    """The group of all commands."""


def main() -> None:
    """The entry point: runs a command and turns errors into a sentence and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        _never_fails_to_encode(stream)
    logging.basicConfig(level=logging.INFO, format="%(message)s")  # to stderr
    install_sigterm_handler()
    try:
        code = cli(prog_name="plainnet", standalone_mode=False) or 0
        if sys.stdout is not None:
            sys.stdout.flush()
    except PlainnetError as error:
        code = _told(str(error).rstrip())
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort) as error:
        code = code_of(error.__cause__ or error)
        say("Stopped by a kill." if code == TERMINATED else "Stopped by Ctrl-C.")
    except MemoryError:
        code = _told("There is not enough memory; try a smaller --size, --hidden or --batch-size.")
    except (BrokenPipeError, SystemExit):  # the reader of our output has left, as `head` does
        _forget(sys.stdout)
        code = 0
    except OSError as error:  # such as a full disk behind stdout
        what = error.filename or "The output"
        code = _told(f"{what} cannot be read or written: {error.strerror or error}.")
        _forget(sys.stdout)
    not_heard_any_more()
    sys.exit(code)


def _told(sentence: str) -> int:
    say(f"Error: {sentence}")
    return 2


def _never_fails_to_encode(stream: TextIO | Any) -> None:
    """Characters that a terminal or a pipe cannot take are written as escapes."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


def _forget(stream: TextIO | Any) -> None:
    """Leave unsaid what could not be written, so that Python does not try it again at its end."""
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
