"""Bad calls of plotting."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from bad_input.parts import LINE, ONES
from boltzmann_tf import plotting

AXIS = Figure().subplots()

CURVE = plotting.Series("a", LINE, LINE)

ROWS = [
    (
        lambda: plotting.Series(3, LINE, LINE),
        ValueError,
        r"source must be a non-empty text, got 3",
    ),
    (
        lambda: plotting.Panel("x", "y", []),
        ValueError,
        r"series must hold at least one, got none",
    ),
    (
        lambda: plotting.Panel("x", "y", [LINE]),
        TypeError,
        r"series\[0\] must be a Series, got array",
    ),
    (
        lambda: plotting.Panel("x", "y", [CURVE, CURVE]),
        ValueError,
        r"series must have different names, got \['a'\] more than once",
    ),
    (
        lambda: plotting.draw_panel(3, ax=AXIS),
        TypeError,
        r"panel must be a Panel, got 3 of type int",
    ),
    (
        lambda: plotting.draw_panel(plotting.Panel("x", "y", [CURVE]), ax=3),
        TypeError,
        r"ax must be a Axes, got 3 of type int|ax must be an Axes, got 3 of type int",
    ),
    (lambda: plotting.convergence({}, {}), ValueError, r"runs must hold at least one, got none"),
    (
        lambda: plotting.convergence({"a": {}}, {"kl": ("J", None, "x")}),
        ValueError,
        r"runs\['a'\] must have \['kl'\], got only \[\]",
    ),
    (
        lambda: plotting.convergence({"a": {"kl": LINE}}, {"kl": ("J", None, "x")}, legend="left"),
        ValueError,
        r"legend must be one of \['inside', 'above'\], got 'left'",
    ),
    (lambda: plotting.curves([]), ValueError, r"panels must hold at least one, got none"),
    (
        lambda: plotting.curves([{}]),
        ValueError,
        r"panels\[0\] must have \['labels', 'title', 'series'\], got only \[\]",
    ),
    (lambda: plotting.curves(3), TypeError, r"panels must be a sequence, got 3 of type int"),
    (
        lambda: plotting.energy_histograms({}, (LINE, LINE), None),
        ValueError,
        r"generated must hold at least one, got none",
    ),
    (
        lambda: plotting.energy_histograms({"a": LINE}, LINE, None),
        ValueError,
        r"reference must be edges \[bins \+.*got shapes \[\(\), \(\), \(\), \(\), \(\)",
    ),
    (
        lambda: plotting.landscape(None, LINE, LINE, np.ones((10, 10)), 1.0),
        TypeError,
        r"axis must be a Axes, got None of type NoneType",
    ),
    (
        lambda: plotting.landscape(AXIS, LINE, LINE, LINE, 1.0),
        ValueError,
        r"energy must have shape \[len\(y\),.*got \(10,\) for x of shape \(10,\)",
    ),
    (
        lambda: plotting.latent_circles(None),
        TypeError,
        r"axis must be a Axes, got None of type NoneType",
    ),
    (
        lambda: plotting.latent_circles(AXIS, radii=[-1.0]),
        ValueError,
        r"radii must be positive, got \[-1\.0\]",
    ),
    (
        lambda: plotting.particle_pictures({}, {}, diameter=1.0, box=3.0),
        ValueError,
        r"rows must hold at least one, got none",
    ),
    (
        lambda: plotting.particle_pictures({"a": ONES}, {"a": ["x"]}, diameter=-1.0, box=3.0),
        ValueError,
        r"diameter must be a positive finite number, got -1\.0",
    ),
    (
        lambda: plotting.paths(LINE, LINE, LINE, {}, {}, labels=["x", "y"]),
        ValueError,
        r"energy must have shape \[len\(y\),.*got \(10,\) for x of shape \(10,\)",
    ),
    (
        lambda: plotting.potential(LINE, LINE, LINE, {}, labels=["x", "y"]),
        ValueError,
        r"energy must have shape \[len\(y\),.*got \(10,\) for x of shape \(10,\)",
    ),
    (
        lambda: plotting.potential(LINE, LINE, np.ones((3, 3)), {}, labels=["x", "y"]),
        ValueError,
        r"energy must have shape \[len\(y\),.*got \(3, 3\) for x of shape \(10,",
    ),
    (
        lambda: plotting.profiles({}, (LINE, LINE), label="x"),
        ValueError,
        r"panels must hold at least one, got none",
    ),
    (
        lambda: plotting.profiles({"a": {"b": (LINE, LINE[:3], None)}}, (LINE, LINE), label="x"),
        ValueError,
        r"panels\['a'\]\['b'\] must be.*got shapes \[\(10,\), \(3,\)\]",
    ),
    (lambda: plotting.rod_pictures({}, []), ValueError, r"rows must hold at least one, got none"),
    (
        lambda: plotting.rod_pictures({"a": [np.ones((3, 3))]}, []),
        ValueError,
        r"columns must hold at least one, got none",
    ),
    (lambda: plotting.scatter_grid([]), ValueError, r"panels must hold at least one, got none"),
    (
        lambda: plotting.scatter_grid([[]]),
        ValueError,
        r"panels\[0\] must hold at least one, got none",
    ),
    (lambda: plotting.spin_pictures({}, []), ValueError, r"rows must hold at least one, got none"),
    (
        lambda: plotting.spin_pictures({"a": [np.ones((3, 3))]}, []),
        ValueError,
        r"columns must hold at least one, got none",
    ),
    (lambda: plotting.styled(3), TypeError, r"function must be one that draws a figure, got 3"),
    (lambda: plotting.pair_distributions({}), ValueError, r"series must hold at least one"),
    (
        lambda: plotting.pair_distributions({"a": (LINE, LINE[:3], None)}),
        ValueError,
        r"series\['a'\] must be.*got shapes \[\(10,\), \(3,\)\]",
    ),
    (
        lambda: plotting.pair_distributions({"a": (LINE, LINE, None)}, kind="S(q)"),
        ValueError,
        r"kind must be one of \['g\(r\)', 'density'\], got 'S\(q\)'",
    ),
    (
        lambda: plotting.structure_factors({"a": LINE}),
        ValueError,
        r"series\['a'\] must be \(positions, values, standard errors or None\), got ndarray",
    ),
    (
        lambda: plotting.structure_factors({"a": (LINE, LINE, None)}, axis=3),
        TypeError,
        r"axis must be a Axes, got 3",
    ),
    (lambda: plotting.chain_pictures({}), ValueError, r"rows must hold at least one, got none"),
    (
        lambda: plotting.chain_pictures({"a": np.zeros((2, 3))}),
        ValueError,
        r"rows\['a'\] must be \[pictures, n, 2\] or \[pictures, n, 3\], got \(2, 3\)",
    ),
    (lambda: plotting.box_pictures({}), ValueError, r"rows must hold at least one, got none"),
    (
        lambda: plotting.box_pictures({"a": [[(np.zeros((2, 2)), 0.0)]]}),
        ValueError,
        r"side must be a positive finite number, got 0\.0",
    ),
    (
        lambda: plotting.box_pictures({"a": [[(np.zeros((2, 4)), 1.0)]]}),
        ValueError,
        r"positions must be \[n, 2\] or \[n, 3\], got shape \(2, 4\)",
    ),
]
