"""Where the machine code of kernels is stored, and which process compiles it.

numba stores what it compiles in the folder NUMBA_CACHE_DIR, beside the module, or in the user's
cache folder: the first that can be written to. It looks nowhere else, and lets each process compile
by itself. Here code is also found where it can only be read, as in an installation that somebody
else has prepared; where it cannot be stored it is compiled all the same; and other processes wait
for the one that compiles.
"""

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from llvmlite.binding import add_symbol  # type: ignore[import-untyped]
from numba.core import config as settings
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.runtime import nrt

from plainnet.files.lock import exclusively
from plainnet.training.compiled.announcing import announce

log = logging.getLogger(__name__)
Base: Any = FunctionCache
Files: Any = IndexDataCacheFile
Impl: Any = Base._impl_class
config: Any = settings
runtime: Any = nrt
Given: Any = Impl._locator_classes[0]
InTree: Any = Impl._locator_classes[1]


class ReadOnly(InTree):  # type: ignore[misc]
    """The place where code can only be read: in the folder that a user names, else in the tree."""

    @classmethod
    def from_function(cls, function: Any, path: str) -> Any:
        """Return the place of a function, if its module is a file."""
        kind = Given if config.CACHE_DIR else InTree
        return kind(function, path) if Path(path).exists() else None


class Places(Impl):  # type: ignore[misc]
    """The places where numba looks for a folder that it can write to, and one to read from."""

    _locator_classes = (*Impl._locator_classes, ReadOnly)


class Store(Base):  # type: ignore[misc]
    """The stored code of one function.

    Args:
        dispatcher: numba's; from then on it compiles and stores by this object.
    """

    _impl_class = Places

    def __init__(self, dispatcher: Any) -> None:
        function = dispatcher.py_func
        super().__init__(function)
        self._context, self._compile = dispatcher.targetctx, dispatcher._compiler.compile
        self._makes_arrays = dispatcher.targetoptions.get("_nrt", True)
        path, own = function.__code__.co_filename, self._impl.locator
        stamp = stamp_of(Path(path).parent) or own.get_source_stamp()
        places = own, ReadOnly.from_function(function, path)
        folders = dict.fromkeys(place.get_cache_path() for place in places if place)
        self._files = [Files(folder, self._impl.filename_base, stamp) for folder in folders]
        self._cache_file: Any = self._files[0]
        dispatcher._cache, dispatcher._compiler.compile = self, self._compile_once

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Return the stored code for some types; None if there is none that can be read.

        numba itself first imports all that it could compile, which takes 130 ms and 10 MB; what is
        compiled already needs only its runtime, and this only if it makes arrays: 20 MB.
        """
        if self._makes_arrays:
            runtime.rtsys.initialize(context)
        else:
            _name_runtime()
        for imports in (lambda: None, context.refresh):
            imports()
            key = self._index_key(signature, context.codegen())
            for file in self._files:
                with suppress(Exception):  # damaged, or of another user: as if it were not there
                    data = file.load(key)
                    found = None if data is None else self._impl.rebuild(context, data)
                    if found is not None and found.signature.args == signature:
                        folders_used.add(file._cache_path)
                        return found
        return None

    def save_overload(self, signature: Any, made: Any) -> None:
        """Do nothing: the process that compiles has stored it already."""

    def _compile_once(self, args: Any, return_type: Any) -> Any:
        """Compile for these types and store the code, or load it if another process did both."""
        with self._lock():
            found = self.load_overload(tuple(args), self._context)
            if found is not None:
                self._context.insert_user_function(found.entry_point, found.fndesc, [found.library])
                return found
            announce()
            made = self._compile(args, return_type)
            compiled_here.append(self._impl.filename_base.partition("-")[0])
            self._keep(tuple(args), made)
            return made

    def _keep(self, args: Any, made: Any) -> None:
        """Store what was compiled, or warn."""
        try:
            self._cache_file._load_index()
        except Exception:  # a damaged file
            with suppress(OSError):
                self.flush()
        try:
            self._save_overload(args, made)
            folders_used.add(self._cache_path)
        except OSError as error:
            _warn(error.strerror or str(error))

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Wait while another process compiles the same function; where it is possible."""
        with ExitStack() as held:
            with suppress(OSError):
                path = Path(self._cache_file._index_path).with_suffix(".lock")
                handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
                held.callback(os.close, handle)
                held.enter_context(exclusively(handle))
            yield


@cache
def _name_runtime() -> None:
    """Name the C functions of numba's runtime: parts refer to them also where none is called."""
    for name, place in runtime._nrt.c_helpers.items():
        add_symbol(name if name.startswith("_") else f"NRT_{name}", place)


@cache
def stamp_of(folder: Path) -> str:
    """Return a hash of all modules in a folder; "" if there are none, as within an archive."""
    modules = [module.read_bytes() for module in sorted(folder.glob("*.py"))]
    return hashlib.sha256(b"\0".join(modules)).hexdigest() if modules else ""


def _warn(reason: str) -> None:
    if not not_stored:
        log.warning(
            "Compiled kernels cannot be stored (%s), so each process compiles them again; "
            "`plainnet compile` stores them beforehand, also in a folder named by "
            "NUMBA_CACHE_DIR.",
            reason,
        )
    not_stored.append(reason)


compiled_here: list[str] = []
"""The functions that this process has compiled."""
not_stored: list[str] = []
"""Why some of them could not be stored."""
folders_used: set[str] = set()
"""Where the others are stored, and those that were there."""
