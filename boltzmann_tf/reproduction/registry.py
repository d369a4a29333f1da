"""Which reproductions there are: read from the files' text, imported only to be run."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boltzmann_tf._support.checks import choice, instance, positive

if TYPE_CHECKING:
    from boltzmann_tf.reproduction.context import Context

__all__ = [
    "Entry",
    "Reproduction",
    "directory",
    "discover",
    "load",
    "names",
    "reproduction",
    "use_directory",
]

_FOLDER = "reproductions"
_PACKAGE = f"boltzmann_tf.{_FOLDER}"


@dataclasses.dataclass(frozen=True)
class Reproduction:
    """A reproduction that can be run: calling it is calling its function.

    Attributes:
      name: its name on the command line, which is the name of its file.
      title: what it reproduces, in a few words.
      run: does the work, given a `Context`.
      description: the docstring of the function's module or of the function.
    """

    name: str
    title: str
    run: Callable[[Context], None]
    description: str = ""

    def __post_init__(self) -> None:
        _text("name", self.name)
        _text("title", self.title)

    def __call__(self, context: Context) -> None:
        """Runs it."""
        self.run(context)


@dataclasses.dataclass(frozen=True)
class Entry:
    """A reproduction known by its text alone.

    Attributes:
      name: the name of its file without the suffix.
      title: second argument of the decorator, or the first line of the module's docstring.
      path: the file.
      minutes: that preset quick takes, about.
    """

    name: str
    title: str
    path: Path
    minutes: float = 1.0


def reproduction(
    name: str, title: str, *, minutes: float = 1.0
) -> Callable[[Callable[[Context], None]], Reproduction]:
    """Declares a function to be the reproduction of its file.

    Args:
      name: the name of the file without its suffix.
      title: what it reproduces, in a few words, as plain text in the source: it is listed without
        importing the file.
      minutes: that preset quick takes on one core, about; where several run at a time, the longest
        ones begin. A number in the source, too.

    Returns:
      a decorator that turns `run(context)` into a `Reproduction`.

    Raises:
      TypeError: for a name or title that is no text.
      ValueError: for an empty one, or minutes that are not above 0.
    """
    _text("name", name)
    _text("title", title)
    positive("minutes", minutes)

    def decorate(run: Callable[[Context], None]) -> Reproduction:
        if not callable(run):
            raise TypeError(f"run must be a function of the context, got {run!r}")
        module = sys.modules.get(run.__module__)
        description = (module.__doc__ if module else None) or run.__doc__ or ""
        return Reproduction(name=name, title=title, run=run, description=description.strip())

    return decorate


def _text(name: str, value: Any) -> None:
    if not instance(name, value, str).strip():
        raise ValueError(f"{name} must be a non-empty text, got {value!r}")


_other: Path | None = None


def use_directory(folder: str) -> None:
    """Finds reproductions in another folder from now on; in the package's own for an empty name."""
    global _other
    _other = Path(folder) if folder else None


def directory() -> Path:
    """Returns the folder of the reproductions: in the installed package, or beside it."""
    if _other is not None:
        return _other
    package = Path(__file__).absolute().parents[1]
    inside = package / _FOLDER
    return inside if inside.is_dir() else package.parent / _FOLDER


def _read(path: Path) -> Entry | None:
    """Returns the entry of a file, or None if it declares no reproduction."""
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            if not isinstance(decorator, ast.Call):
                continue
            called = decorator.func
            called_name = called.attr if isinstance(called, ast.Attribute) else ast.unparse(called)
            if called_name != "reproduction":
                continue
            given: dict[str, ast.expr] = dict(zip(("name", "title"), decorator.args, strict=False))
            given |= {word.arg: word.value for word in decorator.keywords if word.arg}
            told = {key: v.value for key, v in given.items() if isinstance(v, ast.Constant)}
            title = told.get("title")
            minutes = told.get("minutes") if "minutes" in given else 1.0
            if not isinstance(minutes, int | float):
                raise ValueError(f"minutes must be a number in the source, got another in {path}")
            if not isinstance(title, str):
                title = (ast.get_docstring(tree) or path.stem).splitlines()[0]
            return Entry(path.stem, title, path, minutes)
    return None


def discover() -> list[Entry]:
    """Returns the reproductions in alphabetical order; imports none of them."""
    folder = directory()
    if not folder.is_dir():
        raise FileNotFoundError(f"the reproductions must be in {folder}, which does not exist")
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return [entry for entry in map(_read, files) if entry is not None]


def names() -> list[str]:
    """Returns the names of the reproductions."""
    return [entry.name for entry in discover()]


def _package(folder: Path) -> None:
    """Makes `boltzmann_tf.reproductions` the package in `folder`, whatever it was before."""
    package = sys.modules.get(_PACKAGE)
    if package is not None and list(package.__path__) == [str(folder)]:
        return
    for other in [key for key in sys.modules if key == _PACKAGE or key.startswith(f"{_PACKAGE}.")]:
        del sys.modules[other]
    spec = importlib.util.spec_from_file_location(
        _PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} must be a package that can be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_PACKAGE] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[_PACKAGE]
        raise


def load(name: str) -> Reproduction:
    """Imports a reproduction.

    Args:
      name: one of `names()`.

    Returns:
      the `Reproduction` that the file declares.

    Raises:
      ValueError: there is none of this name, or the file declares another.
    """
    entries = {entry.name: entry for entry in discover()}
    choice("name", name, entries)
    path = entries[name].path
    _package(path.parent)
    module = importlib.import_module(f"{_PACKAGE}.{name}")
    for value in vars(module).values():
        if isinstance(value, Reproduction) and value.name == name:
            return value
    raise ValueError(f"{path} must declare a reproduction named {name!r} with @reproduction")
