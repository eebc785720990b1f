"""`plainnet serve`: the answers of runs over HTTP."""

from pathlib import Path
from typing import Any

import click

from plainnet.cli.options import PathType, given
from plainnet.errors import MissingExtraError


@click.command("serve")
@click.argument("runs", nargs=-1, required=True, type=PathType(), metavar="RUN...")
@click.option(
    "--host", metavar="ADDRESS", help="Listen at this address; 0.0.0.0: at all. [127.0.0.1]"
)
@click.option("--port", type=int, metavar="N", help="Listen at this port; 0: a free one. [8000]")
@click.option("--workers", type=int, metavar="N", help="Number of processes that answer. [1]")
@click.option(
    "--max-batch",
    type=int,
    metavar="N",
    help="Compute requests together, up to N samples; 1: each by itself. [1]",
)
@click.option(
    "--batch-wait",
    type=float,
    metavar="MS",
    help="Let a request wait up to this many milliseconds for others of its batch. [0]",
)
@click.option(
    "--queue",
    type=int,
    metavar="N",
    help="Let at most N requests wait in each process, and refuse more. [256]",
)
@click.option(
    "--timeout",
    type=float,
    metavar="SECONDS",
    help="Give up a request that is not received and answered in this time. [30]",
)
@click.option("--max-body", type=float, metavar="MB", help="Refuse requests larger than this. [64]")
@click.option(
    "--grace",
    type=float,
    metavar="SECONDS",
    help="After SIGTERM, say not ready but still take requests for this time. [5]",
)
@click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="Answer only under this name, and as localhost; can be given several times. [localhost; "
    "with another --host any name]",
)
def command(runs: tuple[Path, ...], **options: Any) -> None:
    """Answer requests over HTTP with the models of RUNs.

    Each RUN is a run folder or a model file, and answers under the name of its folder. There are
    the Open Inference Protocol (/v2), POST /predict for files and simple JSON, a page to try it
    (/), and metrics for Prometheus (/metrics). A changed run is read again. See docs/serving.md.
    """
    try:
        from plainnet.serving.settings import ServerSettings
        from plainnet.serving.starting import serve
    except ImportError as error:
        raise MissingExtraError.of(
            "plainnet serve", "starlette", "uvicorn", "python-multipart", "msgspec", extra="lab"
        ) from error
    serve(runs, ServerSettings(**given(options)))
