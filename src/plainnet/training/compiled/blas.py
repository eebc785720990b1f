"""SciPy's matrix products, which numba calls for `np.dot`, without the rest of `scipy.linalg`.

The whole package takes 25 MB and a tenth of a second more. A later `import scipy.linalg` finds the
module that was loaded here and adds the others.
"""

import sys
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path

import scipy  # type: ignore[import-untyped]

NAME = "scipy.linalg.cython_blas"


def load_blas() -> None:
    """Load the library now, so that its threads exist before they are limited."""
    folders = [str(Path(path) / "linalg") for path in scipy.__path__]
    spec = PathFinder.find_spec(NAME, folders)
    if "scipy.linalg" in sys.modules or NAME in sys.modules or spec is None or not spec.loader:
        import_module(NAME)
        return
    module = sys.modules[NAME] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ImportError:  # it needs its package, or another thread is importing it
        del sys.modules[NAME]
        import_module(NAME)


load_blas()
