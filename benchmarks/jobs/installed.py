"""How much disk a library takes with everything it needs, as it is installed here."""

from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

import plainnet
from benchmarks.contenders import Skip
from benchmarks.jobs import Result, Settings

PACKAGES = {
    "ours": ("plainnet",),
    "pytorch": ("torch", "numpy", "pillow"),
    "sklearn": ("scikit-learn", "pillow"),
    "jax": ("jax", "pillow"),
    "onnxruntime": ("onnxruntime", "pillow"),
}
"""What it takes to classify pictures; their own requirements are followed, extras are not."""


def run(job: str, contender: str, settings: Settings) -> Result:  # noqa: ARG001
    sizes: dict[str, int] = {}
    for name in PACKAGES[contender]:
        add_sizes(name, sizes)
    largest = dict(sorted(sizes.items(), key=lambda item: -item[1])[:5])
    return {"bytes": sum(sizes.values()), "packages": len(sizes), "largest": largest}


def add_sizes(name: str, sizes: dict[str, int]) -> None:
    """Add a package and, recursively, what it requires here."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        raise Skip(f"{name} is not installed") from None
    name = found.metadata["Name"].lower().replace("_", "-")
    if name in sizes:
        return
    sizes[name] = size_of(found)
    for text in found.requires or []:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            add_sizes(requirement.name, sizes)


def size_of(package: Distribution) -> int:
    """Bytes of its files; what was compiled from them is left out, for it comes and goes."""
    files = [Path(str(file.locate())) for file in package.files or []]
    if package.metadata["Name"] == "plainnet":  # installed from its source folder
        files += Path(plainnet.__file__).parent.rglob("*")
    unique = {file for file in files if file.is_file() and "__pycache__" not in file.parts}
    return sum(file.stat().st_size for file in unique)
