"""`plainnet`: the commands, each in a module that is imported only when it is called.

Exit codes: 0 done; 2 bad input or settings, told in one sentence on stderr; 130 stopped by Ctrl-C.
"""

import importlib
import os
import sys

import click

from plainnet.errors import PlainnetError

COMMANDS = ("demo", "train", "evaluate", "predict", "summary", "article")


class _Lazy(click.Group):
    """A group whose commands live in `plainnet.faces.<name>`, as `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in COMMANDS:
            return None
        command = importlib.import_module(f"plainnet.faces.{name}").command
        return command if isinstance(command, click.Command) else None


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="plainnet")
def cli() -> None:
    """A neural network in plain sight, and a picture classifier for your own folders.

    Try `plainnet demo`; then `plainnet train FOLDER`, with a folder of pictures for each class.
    """


def main() -> None:
    """The entry point: runs a command and turns errors into a sentence and an exit code."""
    try:
        code = cli(standalone_mode=False)
    except PlainnetError as error:
        code = _told(str(error))
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        print("Stopped by Ctrl-C.", file=sys.stderr)
        code = 130
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except MemoryError:
        code = _told("There is not enough memory; try a smaller --size, --hidden or --batch-size.")
    sys.exit(code)


def _told(sentence: str) -> int:
    print(f"Error: {sentence}", file=sys.stderr)
    return 2
