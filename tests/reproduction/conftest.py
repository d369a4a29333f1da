from __future__ import annotations

import sys

import pytest
from reproduction.planted import plant

from boltzmann_tf.reproduction import registry


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """Plants reproductions and makes them the ones that are found; see `plant`."""

    def make(**bodies):
        folder = plant(tmp_path / "planted", **bodies)
        monkeypatch.setattr(registry, "directory", lambda: folder)
        return folder

    yield make
    for name in [key for key in sys.modules if key.startswith("boltzmann_tf.reproductions")]:
        del sys.modules[name]
