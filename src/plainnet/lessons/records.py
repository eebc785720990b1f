"""What a lesson printed and drew when it was recorded, compared with what it prints and draws now.

On the set-up on which the course was recorded everything must be equal; on others, numbers to six
digits: processors and libraries add up products in different orders.
"""

import io
import json
import math
import platform
import re
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

from plainnet.lessons.course import Lesson, course_folder
from plainnet.network import Array

DIGITS = 1e-6
"""The largest relative difference of numbers on another set-up than the recorded one."""
PIXELS = 1.0
"""The largest difference of coordinates in figures there."""
_SHEET = re.compile(r"<style>.*?</style>", re.DOTALL)
_CELLS = re.compile(r'<path class="surface[^>]*>')
_PATH = re.compile(r'<path class="line [^"]*" d="(M[^"ZHV]+L[^"ZHV]+)"')
_NUMBER = re.compile(r"[-−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def setup() -> dict[str, str]:
    """Return what the last digits of a computation depend on."""
    blas = [info for info in threadpool_info() if info.get("user_api") == "blas"]
    kernels = {f"{one['internal_api']} {one['version']} {one.get('architecture')}" for one in blas}
    return {
        "machine": platform.machine(),
        "numpy": np.__version__,
        "blas": ", ".join(sorted(kernels)),
        "numba": version("numba") if find_spec("numba") else "",
    }


def setup_file() -> Path:
    """Return the path of the set-up on which the course was recorded."""
    return course_folder() / "setup.json"


def is_reference_setup() -> bool:
    """Return whether this is the set-up on which the course was recorded."""
    recorded: dict[str, Any] = json.loads(setup_file().read_text("utf-8"))
    return recorded == setup()


def record(lesson: Lesson, outputs: dict[str, str]) -> None:
    """Write what each block printed, a line of it a line of the file."""
    lines = {name: text.splitlines(keepends=True) for name, text in outputs.items() if text}
    text = json.dumps(lines, indent=1, ensure_ascii=False)
    lesson.record_file.write_text(text + "\n", "utf-8")


def same_text(recorded: str, printed: str, *, exact: bool) -> bool:
    """Return whether two texts are equal, or if not `exact`, their numbers to six digits."""
    return recorded == printed if exact else _close(recorded, printed, DIGITS)


def same_figure(recorded: bytes, drawn: bytes, *, exact: bool) -> bool:
    """Return whether two files of figures show the same, whatever the colours of charts are.

    If not `exact`, texts must be equal, and lines to a pixel; the cells of surfaces, which can
    change by one step of colour, are then left out. Pictures must have the same pixels.
    """
    if recorded[:4] == b"\x89PNG":
        before, now = (np.asarray(Image.open(io.BytesIO(png))) for png in (recorded, drawn))
        return np.array_equal(before, now)
    left, right = (_SHEET.sub("", svg.decode()) for svg in (recorded, drawn))
    if exact:
        return left == right
    one_text, other_text = (_PATH.sub("", _CELLS.sub("", svg)) for svg in (left, right))
    paths = zip(_PATH.findall(left), _PATH.findall(right), strict=False)
    same = all(_same_path(one, other) for one, other in paths)
    return same and _close(one_text, other_text, 0, PIXELS)


def _same_path(one: str, other: str) -> bool:
    """Return whether each point of a path is within a pixel of the other path, and vice versa."""
    left, right = (
        np.array([point.split(" ") for point in path[1:].split("L")], np.float64)
        for path in (one, other)
    )
    return _near(left, right) and _near(right, left)


def _near(points: Array, path: Array) -> bool:
    begin, way = path[:-1], np.diff(path, axis=0)
    off = points[:, None] - begin
    share = np.clip((off * way).sum(axis=2) / np.maximum((way**2).sum(axis=1), 1e-9), 0, 1)
    return bool((np.linalg.norm(off - share[:, :, None] * way, axis=2).min(axis=1) <= PIXELS).all())


def _close(recorded: str, found: str, relative: float, absolute: float = 0.0) -> bool:
    if _NUMBER.sub("", recorded) != _NUMBER.sub("", found):
        return False
    pairs = zip(_NUMBER.findall(recorded), _NUMBER.findall(found), strict=False)
    return all(_close_number(a, b, relative, absolute) for a, b in pairs)


def _close_number(a: str, b: str, relative: float, absolute: float) -> bool:
    decimals = len(a.partition("e")[0].partition(".")[2])
    power = int(a.partition("e")[2] or 0)
    last = 1.01 * 10.0 ** (power - decimals) if decimals else 0.0  # one unit of the last digit
    x, y = (float(one.replace("−", "-")) for one in (a, b))
    return math.isclose(x, y, rel_tol=relative, abs_tol=max(absolute, last))
