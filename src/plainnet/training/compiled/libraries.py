"""What numba optimizes, and when: a kernel once, as a whole, and its parts only within it.

Left alone, numba optimizes each part, and writes machine code for it, before it links the part into
the function that calls it, where all of this is done again. The classes here use some of numba's
inner names. With other versions than the known ones parts are compiled in numba's own way, which
takes longer: with numba 0.61 those of LLVM that these classes use end in an error.
"""

import gc
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import numba
from llvmlite.binding import Linkage, parse_assembly  # type: ignore[import-untyped]
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

KNOWN = ("0.68.",)
"""The versions of numba with which this was tested."""
IS_KNOWN = numba.__version__.startswith(KNOWN)
"""Whether this version is one of them."""
Library: Any = JITCodeLibrary
Base: Any = Compiler


class KernelLibrary(Library):  # type: ignore[misc]
    """The code of a kernel and all its parts, which is optimized once.

    The parts are made functions that only the kernel calls. So the compiler leaves out what they do
    not use of their arguments, such as most of the hundred numbers that `memory` consists of. Their
    names are the kernel's own: by its name alone a loaded function is found from everywhere.
    """

    def _optimize_functions(self, module: Any) -> None:
        module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == Linkage.linkonce_odr:
                function.linkage = Linkage.internal
                function.name = f"{self.name}.{function.name}"  # no other library finds it
        passes, builder = self._codegen._module_pass_manager()
        with self._recorded_timings.record("Module passes", builder):
            passes.run(self._final_module, builder)

    def serialize_using_object_code(self) -> Any:
        """Return what is stored: machine code, and only the names of what it defines.

        numba would store all of the code once more, for other functions to link, and read it again.
        """
        name, kind, (code, _) = super().serialize_using_object_code()
        made = self._final_module
        names = [
            *(f'@"{each.name}" = global ptr null' for each in _defined(made.global_variables)),
            *(
                f'define void @"{each.name}"() {{ unreachable }}'
                for each in _defined(made.functions)
            ),
        ]
        return name, kind, (code, parse_assembly("\n".join(names)).as_bitcode())


def _defined(values: Iterable[Any]) -> list[Any]:
    """Return the functions or variables that other code can find by their names."""
    hidden = Linkage.internal, Linkage.private
    return [each for each in values if not each.is_declaration and each.linkage not in hidden]


class PartLibrary(KernelLibrary):
    """The code of a part, which stays as it is until it is linked into a kernel."""

    codegen = SimpleNamespace(set_env=lambda *_: None)
    """numba writes into the machine code here, and there is none."""

    def _optimize_final_module(self) -> None:
        """Leave it to the kernel."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


class SeparatePartLibrary(PartLibrary):
    """The code of a part that stays a function of its own within the kernel."""

    def _optimize_functions(self, module: Any) -> None:
        super()._optimize_functions(module)
        for function in module.functions:
            if not function.is_declaration:
                function.add_function_attribute("noinline")


class KernelCompiler(Base):  # type: ignore[misc]
    """Compiles a kernel, while Python's garbage collector waits: it would find little."""

    library: type[Any] = KernelLibrary

    def compile_extra(self, function: Any) -> Any:
        """Compile a function."""
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            return super().compile_extra(function)
        finally:
            if was_enabled:
                gc.enable()

    def define_pipelines(self) -> Any:
        """Return numba's passes, for a library of this class."""
        state = self.state
        if IS_KNOWN:
            state.library = self.library(state.targetctx.codegen(), state.func_id.func_qualname)
            state.library.enable_object_caching()
        return super().define_pipelines()


class PartCompiler(KernelCompiler):
    """Compiles a part that may become a piece of the function that calls it."""

    library = PartLibrary


class SeparatePartCompiler(KernelCompiler):
    """Compiles a part that stays a function of its own."""

    library = SeparatePartLibrary
