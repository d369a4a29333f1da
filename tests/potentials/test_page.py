"""The examples of the page on systems of particles run, and say what is true."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from boltzmann_tf import potentials

PAGE = (Path(__file__).parents[2] / "docs" / "particles.md").read_text(encoding="utf-8")


def test_examples(capsys):
    scope = {"__name__": "page"}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL):
        exec(compile(block, "particles.md", "exec"), scope)
    printed = capsys.readouterr().out
    assert "(12,)\n(1, 5, 3)" in printed
    u = {k: v.numpy()[0] for k, v in scope["polymer"].term_energies(scope["x"]).items()}
    assert u["fene"] == pytest.approx(-4 * 15 * 2.25 * np.log(1 - (0.97 / 1.5) ** 2))
    assert u["stiffness"] == pytest.approx(0.0, abs=1e-9)
    tail = 8 * np.pi * 32**2 / 125 * (2.5**-9 / 9 - 2.5**-3 / 3)
    assert scope["liquid"].constant == pytest.approx(tail)
    r = np.array([1.0, np.hypot(0.3, 1.2), np.hypot(1.3, 1.2)])
    e = 1 - np.exp(-(r[:2] - [1.0, 1.2]) / 0.3)
    wanted = 20 * np.sum(e**2) + 5 * np.exp(-r[2] / 2) / r[2]
    assert scope["u"].numpy()[0] == pytest.approx(wanted, rel=1e-5)


def test_every_potential_is_in_the_tables():
    public = {getattr(potentials, name) for name in potentials.__all__}
    for kind in public:
        if isinstance(kind, type) and issubclass(kind, potentials.Potential | potentials.Box):
            if kind not in (potentials.Potential, potentials.Box):
                assert re.search(rf"^\| `{kind.__name__}[(`]", PAGE, flags=re.MULTILINE), kind
