"""Every public name of the first release is still imported from where it was, as the same object.

A module that has moved is forgotten first: it may be there already by its old path.
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from pathlib import Path

import pytest

from boltzmann_tf._support.moved import MOVED

NAMES = json.loads((Path(__file__).parent / "names_of_the_first_release.json").read_text())

# Inner parts of private modules, whose arguments were of one system or one ladder alone; an item of
# reports that `Context` alone made.
GONE = {
    "boltzmann_tf.reproduction.report": {"Metrics"},
    "boltzmann_tf.sampling._exchange": {"exchange"},
    "boltzmann_tf.sampling._label_cell": {"find_potentials", "leaves"},
}


def new_path(module):
    name = module.partition(".")[2]
    for old, new in MOVED.items():
        if name == old or name.startswith(f"{old}."):
            return f"boltzmann_tf.{new}{name[len(old) :]}"
    return None


@pytest.mark.parametrize("module", NAMES)
def test_names_are_where_they_were(module):
    new = new_path(module)
    if new is not None:
        importlib.import_module(new)
        sys.modules.pop(module, None)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = importlib.import_module(module)
    said = [w for w in caught if issubclass(w.category, DeprecationWarning) and module in str(w)]
    assert bool(said) == (new is not None)
    if said:
        assert f"{module} has moved to {new}" in str(said[0].message)
        assert said[0].filename == importlib.__file__ or said[0].filename == __file__
    for name in set(NAMES[module]) - GONE.get(module, set()):
        value = getattr(found, name)
        if new is not None:
            assert value is getattr(importlib.import_module(new), name)


def test_no_public_name_is_that_of_a_module_which_has_moved():
    """The old module, once asked for, would stand in its place."""
    for old in MOVED:
        package, _, name = f"boltzmann_tf.{old}".rpartition(".")
        public = getattr(importlib.import_module(package), "__all__", ())
        assert name not in public or new_path(f"{package}.{name}") is None, old


def test_a_name_that_was_never_there_is_not_found():
    for module in (
        "boltzmann_tf.stagess",
        "boltzmann_tf.sampling.latticed",
        "boltzmann_tf._nothing",
    ):
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(module)


def test_what_moved_is_an_attribute_of_the_package_too():
    import boltzmann_tf

    sys.modules.pop("boltzmann_tf.schedules", None)
    vars(boltzmann_tf).pop("schedules", None)
    with pytest.warns(DeprecationWarning, match="boltzmann_tf.schedules has moved"):
        found = boltzmann_tf.schedules
    assert found.Linear is boltzmann_tf.Linear
