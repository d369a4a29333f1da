"""Modules by the paths that they had before they moved into rooms of the house."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

__all__ = ["MOVED", "install"]

_PRIVATE = (
    "ahead arrays checks disk documents files folders follow graph interrupt quiet random room "
    "torus"
)
_TRAINING = (
    "callbacks checkpoints conditions distributed faults loop monitoring run_identity schedules "
    "stages step_shape steps watch"
)

# Old path -> new path, both within the package; what lies below a path moved with it.
MOVED = {
    **{f"_{name}": f"_support.{name}" for name in _PRIVATE.split()},
    **{name: f"training.{name}" for name in _TRAINING.split()},
    "_compiled": "training.shared_steps",
    "commands": "cli.commands",
    "exploration": "training.explorer",
    "train_config": "cli.config",
    "sampling._label_cell": "sampling.particles._label_cell",
    "sampling._nematic_kernels": "sampling.vectors._kernels",
    "sampling.lattice": "sampling.spins",
    "sampling.nematic": "sampling.vectors.sweeps",
    "sampling.particle_annealing": "sampling.particles.annealing",
    "sampling.permutation": "sampling.particles.permutation",
    "sampling.umbrella": "sampling.particles.umbrella",
    "sampling.vector_tempering": "sampling.vectors.tempering",
}


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules by their old paths, with a warning, and the reproductions of a checkout."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        package, _, name = fullname.partition(".")
        if package != self._package:
            return None
        if name == "reproductions":
            return self._in_checkout(fullname, path or ())
        if self._new(name) is None:
            return None
        # All of what moved is a package here, so that what lies below is looked for at all.
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def _new(self, name: str) -> str | None:
        for old, new in MOVED.items():
            if name == old or name.startswith(f"{old}."):
                return f"{self._package}.{new}{name[len(old) :]}"
        return None

    def _in_checkout(
        self, fullname: str, path: Sequence[str]
    ) -> importlib.machinery.ModuleSpec | None:
        """The folder beside the package; in an installed package they are inside it."""
        if any((Path(folder) / "reproductions" / "__init__.py").is_file() for folder in path):
            return None
        folder = Path(__file__).absolute().parents[2] / "reproductions"
        if not (folder / "__init__.py").is_file():
            return None
        return importlib.util.spec_from_file_location(
            fullname, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )

    def exec_module(self, module: ModuleType) -> None:
        """Fills the module with the names of the one that it has become."""
        new = self._new(module.__name__.partition(".")[2]) or ""
        found = importlib.import_module(new)
        kept = {n: v for n, v in vars(found).items() if not n.startswith("__") or n == "__all__"}
        vars(module).update(kept)
        module.__doc__ = found.__doc__
        # The level above is the import's: Python leaves out its own frames of it.
        warnings.warn(f"{module.__name__} has moved to {new}", DeprecationWarning, stacklevel=2)


def install(package: str) -> None:
    """Lets a package's modules be imported by their old paths, too."""
    # First: folders that were left behind by an older version, with nothing in them but compiled
    # files, would be found as packages without names.
    sys.meta_path.insert(0, _Finder(package))
