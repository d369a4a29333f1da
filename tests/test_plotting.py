"""Figures: what is in them, that references are drawn, and that the user's matplotlib is left."""

from __future__ import annotations

import inspect
import warnings
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import colors
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from boltzmann_tf import plotting
from boltzmann_tf.reproduction import Series

X, Y = np.linspace(-2, 2, 9), np.linspace(-3, 3, 7)
ENERGY = (X**2)[None, :] + (Y**2)[:, None]
LABELS = ("x1", "x2")
CLOUD = np.random.default_rng(0).normal(size=(20, 2))
STEPS = np.sin(np.arange(60.0))
PATHS = np.stack([np.linspace([-1, 0], [1, 0], 5), np.linspace([-1, 1], [1, 1], 5)])
EDGES = np.linspace(0, 4, 5)
BLACK = colors.to_rgba(plotting.COLORS["black"])


def holed(values):
    """A copy with a NaN in it."""
    values = np.array(values, np.float64)
    values.reshape(-1)[1] = np.nan
    return values


def make_potential(change=lambda v: v):
    return plotting.potential(
        X, Y, change(ENERGY), {"left": change(CLOUD), "right": CLOUD + 1}, labels=LABELS,
        profile=(X, change(X**2), "r"),
    )  # fmt: skip


def make_scatter_grid(change=lambda v: v):
    first = {
        "clouds": {"a": change(CLOUD), "b": CLOUD}, "labels": LABELS, "title": "one",
        "circles": True, "limits": ((-4, 4), (-5, 5)),
    }  # fmt: skip
    second = {"clouds": {"a": CLOUD}, "labels": ("z1", "z2"), "title": "two"}
    second |= {"landscape": (X, Y, change(ENERGY), 20.0)}
    return plotting.scatter_grid([[first, second], [second, first]])


def make_convergence(change=lambda v: v):
    runs = {
        "net": {"ml": change(STEPS), "kl": change(STEPS)},
        "no kl": {"ml": STEPS, "kl": np.full(60, np.nan)},
    }
    terms = {"ml": ("J_ML", None, ""), "kl": ("J_KL (kT)", -1.5, "bound")}
    return plotting.convergence(runs, terms, stage_start={"net": 20}, windows={"kl": (-3.0, 3.0)})


def make_energy_histograms(change=lambda v: v):
    energy = np.linspace(0.1, 3.9, 40)
    return plotting.energy_histograms(
        {"net": change(energy)}, (EDGES, np.array([0.4, 0.3, 0.2, 0.1])), change(energy),
        weights={"net": np.full(40, 1 / 40)},
    )  # fmt: skip


def make_profiles(change=lambda v: v):
    series = {"net": (X, change(X**2), change(0.1 + 0 * X)), "plain": (X, change(X**2), None)}
    panels = {f"T = {t}": series for t in (0.5, 1, 2, 4)}
    return plotting.profiles(panels, (X, change(X**2)), label="r", window=(-1.0, 5.0))


def make_paths(change=lambda v: v):
    return plotting.paths(
        X, Y, change(ENERGY), {"one": change(PATHS), "two": PATHS},
        {"one": change(np.ones((2, 5))), "two": np.ones((2, 5))}, labels=LABELS, barrier=2.5,
    )  # fmt: skip


def make_curves(change=lambda v: v):
    exact = {"x": X, "y": change(X**2), "color": "black", "style": "--", "lw": 1}
    points = {"x": X, "y": change(X**2), "error": change(0.1 + 0 * X)}
    spec = {"labels": LABELS, "title": "t", "series": {"exact": exact, "net": points}}
    return plotting.curves(
        [spec | {"xlim": (-3, 3), "ylim": (0.1, 9), "yscale": "log"}, spec, spec], columns=2
    )


def make_spin_pictures(change=lambda v: v):
    spins = np.where(np.random.default_rng(1).random((2, 4, 4)) < 0.5, 1, -1)
    rows = {"generator": [change(s) for s in spins], "Monte Carlo": spins}
    return plotting.spin_pictures(rows, ["T = 1", "T_c"])


def make_particle_pictures(change=lambda v: v):
    x = np.random.default_rng(2).uniform(-3, 3, (3, 20))
    rows = {"closed": np.stack([change(v) for v in x]), "open": x[:2]}
    titles = {"closed": ["d = 1", "d = 2", "d = 3"], "open": ["d = 4", "d = 5"]}
    return plotting.particle_pictures(rows, titles, diameter=0.9, box=3.0)


def make_box_pictures(change=lambda v: v):
    rng = np.random.default_rng(4)
    flat = [(change(rng.uniform(0, side, (5, 2))), side) for side in (4.0, 2.5)]
    deep = [(rng.uniform(0, 3.0, (6, 3)), 3.0)]
    return plotting.box_pictures({"Monte Carlo": [flat, flat], "generator": [deep]}, columns=2)


def make_chain_pictures(change=lambda v: v):
    r = np.random.default_rng(5).standard_normal((3, 6, 3)).cumsum(axis=1)
    return plotting.chain_pictures({"generator": change(r), "Monte Carlo": r[:2, :, :2]})


def make_rod_pictures(change=lambda v: v):
    u = np.random.default_rng(3).standard_normal((2, 4, 4, 3))
    u /= np.linalg.norm(u, axis=-1, keepdims=True)
    rows = {"generator": [change(p) for p in u], "Monte Carlo": u}
    return plotting.rod_pictures(rows, ["T = 1", "T = 2"])


def make_pair_distributions(change=lambda v: v):
    g = change(1 - np.exp(-(X**2)))
    series = {"net": (X, g, change(0.1 + 0 * X)), "plain": (X, g, None)}
    return plotting.pair_distributions(series, reference=(X, change(X**2)), ideal=0.9)


def make_structure_factors(change=lambda v: v):
    series = {"net": (X, change(X**2), change(0.1 + 0 * X))}
    return plotting.structure_factors(series, reference=(X, change(X**2)))


FIGURES = {
    name.removeprefix("make_"): value
    for name, value in list(globals().items())
    if name.startswith("make_")
}
each = pytest.mark.parametrize("name", FIGURES)

# Axes that are switched on, and of these the ones that must have a black reference.
AXES = {
    "potential": (3, 1),  # with the colour bar
    "scatter_grid": (4, 0),
    "convergence": (2, 1),
    "energy_histograms": (2, 2),
    "profiles": (4, 4),
    "paths": (4, 2),
    "curves": (3, 3),
    "box_pictures": (0, 0),
    "chain_pictures": (0, 0),
    "pair_distributions": (1, 1),
    "structure_factors": (1, 1),
    "spin_pictures": (4, 0),
    "rod_pictures": (5, 0),  # the scale of colours is one more
    "particle_pictures": (5, 5),  # the box is drawn in black
}
PICTURES = {"spin_pictures", "particle_pictures", "rod_pictures"}  # without scales


def black_lines(axis):
    """References: black lines, and black outlines of histograms."""
    drawn = [line.get_color() for line in axis.lines]
    drawn += [p.get_edgecolor() for p in axis.patches if type(p).__name__ == "StepPatch"]
    return [c for c in drawn if colors.to_rgba(c) == BLACK]


def test_one_legend_for_all_panels():
    one = {"x": X, "y": X**2, "color": "black"}
    spec = {"labels": LABELS, "title": "t"}
    panels = [spec | {"series": {"a": one}}, spec | {"series": {"a": one, "b": {"x": X, "y": X}}}]
    figure = plotting.curves(panels, legend="above")
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["a", "b"]
    assert all(axis.get_legend() is None for axis in figure.axes)
    with pytest.raises(ValueError, match="legend"):
        plotting.curves(panels, legend="below")


def test_series_that_look_the_same_are_named():
    panel = plotting.Panel("a", "b", [Series(s, X, X**2, color="red") for s in ("ours", "MC")])
    with pytest.warns(UserWarning, match=r"panel 'b': 'ours' and 'MC' look the same, both '-' in"):
        plotting.draw_panel(panel, ax=plt.figure().subplots())


def test_a_source_has_its_look_and_a_kind_its_colour():
    exact = plotting.Series.of("exact", X, np.square)
    found = Series("generator", X, X**2, 0.1 + 0 * X)
    figure, axes = plt.subplots(1, 2)
    plotting.draw_panel(plotting.Panel("a", "b", [exact, found], "t", ylim=(0, 1)), ax=axes[0])
    assert axes[0].get_title() == "t"
    assert axes[0].get_ylim() == (0, 1)
    assert [colors.to_hex(line.get_color()).upper() for line in axes[0].lines[:2]] == [
        plotting.COLORS["black"].upper(), plotting.COLORS["blue"].upper()
    ]  # fmt: skip
    kinds = [replace(s, kind=k) for k in ("N = 8", "N = 16") for s in (exact, found)]
    plotting.draw_panel(plotting.Panel("a", "b", kinds), ax=axes[1], legend=False)
    first, second = axes[1].get_legend_handles_labels()[0][:2], axes[1].lines
    assert axes[1].get_legend() is None
    names = axes[1].get_legend_handles_labels()[1]
    assert names == ["exact, N = 8", "exact, N = 16", "generator, N = 8", "generator, N = 16"]
    assert first[0].get_color() != first[1].get_color()  # of two kinds
    assert {line.get_linestyle() for line in second if line.get_label() in names} == {"-"}
    plt.close(figure)


def test_every_public_function_is_covered():
    public = {n for n in plotting.__all__ if inspect.isfunction(getattr(plotting, n))}
    assert public - set(FIGURES) == {"styled", "landscape", "latent_circles", "draw_panel"}


@each
def test_axes_labels_and_references(name):
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    shown = [axis for axis in figure.axes if axis.axison]
    panels, references = AXES[name]
    assert len(shown) == panels
    below = [a for a in shown if a.get_label() != "<colorbar>"]
    rows = [a for a in below if name not in PICTURES or a.get_subplotspec().is_first_col()]
    assert all(axis.get_ylabel() for axis in [*rows, *set(shown).difference(below)])
    assert all(a.get_title() if name == "particle_pictures" else a.get_xlabel() for a in below)
    assert sum(bool(black_lines(axis)) for axis in shown) == references


def test_pictures_name_their_columns():
    axes = make_spin_pictures().axes
    assert [axis.get_title() for axis in axes] == ["T = 1", "T_c", "", ""]
    assert [axis.get_ylabel() for axis in axes] == ["generator", "", "Monte Carlo", ""]


@each
@pytest.mark.parametrize("hole", [False, True])
def test_figures_are_drawn_also_with_nan(name, hole, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = FIGURES[name](holed) if hole else FIGURES[name]()
        figure.savefig(tmp_path / "figure.png", dpi=40)
    assert (tmp_path / "figure.png").stat().st_size > 2000


@each
def test_the_users_matplotlib_is_left_as_it_was(name):
    mine = plt.figure()
    try:
        with mpl.rc_context({"font.size": 17.5, "axes.facecolor": "yellow"}):
            settings, figures = dict(mpl.rcParams), plt.get_fignums()
            figure = FIGURES[name]()
            assert dict(mpl.rcParams) == settings
            assert plt.get_fignums() == figures
            assert plt.gcf() is mine
        # Nor does the user's style change what is drawn.
        assert figure.axes[0].xaxis.label.get_fontsize() == plotting.STYLE["axes.labelsize"]
        assert figure.axes[0].get_facecolor() == colors.to_rgba("white")
    finally:
        plt.close(mine)


def test_a_figure_that_fails_leaves_nothing_behind():
    settings, figures = dict(mpl.rcParams), plt.get_fignums()
    with pytest.raises(IndexError):  # while it draws
        plotting.scatter_grid([[{"clouds": {}, "labels": (), "title": ""}]])
    assert dict(mpl.rcParams) == settings
    assert plt.get_fignums() == figures


# Details.


def test_references_are_where_they_were_said_to_be():
    _, kl = make_convergence().axes
    assert [list(line.get_ydata()) for line in kl.lines if line.get_label() == "bound"] == [
        [-1.5, -1.5]
    ]
    assert kl.get_ylim() == (-3.0, 3.0)
    assert [t.get_text() for t in kl.get_legend().get_texts()] == ["net", "bound"]
    for axis in make_paths().axes[2:]:
        assert [list(line.get_ydata()) for line in axis.lines[-1:]] == [[2.5, 2.5]]
    for axis in make_profiles().axes[:4]:
        np.testing.assert_array_equal(axis.lines[0].get_ydata(), X**2)
        assert axis.get_title() in ("T = 0.5", "T = 1", "T = 2", "T = 4")


def test_one_legend_over_all_panels_has_each_name_once():
    runs = {name: {"ml": np.ones(30), "kl": np.ones(30)} for name in ("a", "b")}
    terms = {"ml": ("J_ML", None, ""), "kl": ("J_KL", 0.0, "bound")}
    figure = plotting.convergence(runs, terms, legend="above")
    assert [axis.get_legend() for axis in figure.axes] == [None, None]
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["a", "b", "bound"]
    with pytest.raises(ValueError, match="legend must be one of"):
        plotting.convergence(runs, terms, legend="below")


@pytest.mark.parametrize("steps", [1, 2, 24, 25, 26, 60])
def test_running_mean_of_any_length(steps):
    series = np.arange(steps, dtype=np.float64)
    runs = {"net": {"kl": series}}
    (axis,) = plotting.convergence(runs, {"kl": ("J_KL", 0.0, "bound")}).axes
    mean = axis.lines[1].get_ydata()
    wanted = [series[max(0, i - 12) : i + 13].mean() for i in range(steps)]
    np.testing.assert_allclose(mean, wanted)


def test_running_mean_leaves_nan_out():
    series = np.ones(40)
    series[::2] = np.nan
    runs = {"net": {"kl": series}}
    (axis,) = plotting.convergence(runs, {"kl": ("J_KL", 0.0, "bound")}).axes
    mean = axis.lines[1].get_ydata()
    np.testing.assert_allclose(mean[1::2], 1.0)
    assert np.all(np.isnan(mean[::2]))


def test_histograms_are_densities():
    energy = np.linspace(0.1, 3.9, 40)
    weight = np.where(energy < 2, 3.0, 1.0)
    figure = plotting.energy_histograms(
        {"net": energy}, (EDGES, np.full(4, 0.25)), None, weights={"net": weight}
    )
    plain, reweighted = (axis.patches[-1].get_data().values for axis in figure.axes)
    np.testing.assert_allclose(plain, 0.25)
    np.testing.assert_allclose(reweighted, [0.375, 0.375, 0.125, 0.125])


def test_contours_stop_at_the_top():
    figure = plotting.potential(X, Y, ENERGY, {"a": CLOUD}, labels=LABELS, top=3.0)
    assert len(figure.axes) == 2
    limits = figure.axes[1].get_ylim()
    assert limits == pytest.approx((0.0, 3.0))


def test_walls_of_infinite_energy_can_be_drawn(tmp_path):
    energy = np.where(np.abs(X)[None, :] > 1, np.inf, ENERGY)
    figure = plotting.paths(X, Y, energy, {"a": PATHS}, {"a": np.ones((2, 5))}, labels=LABELS)
    figure.savefig(tmp_path / "figure.png", dpi=40)


def test_bands_are_two_errors_wide_and_levels_are_drawn():
    figure = plt.figure()
    axis = figure.subplots()
    y, error = X**2 + 1, 0.1 + 0.01 * X
    found = plotting.pair_distributions({"a": (X, y, error)}, ideal=0.9, axis=axis)
    assert found is figure
    band = axis.collections[0].get_paths()[0].vertices
    assert band[:, 1].max() == pytest.approx(np.max(y + 2 * error))
    assert list(axis.lines[0].get_ydata()) == [0.9, 0.9]
    density = plotting.pair_distributions({"a": (X, y, None)}, kind="density").axes[0]
    assert [t.get_text() for t in density.get_legend().get_texts()] == ["a"]
    assert list(plotting.structure_factors({"a": (X, y, None)}).axes[0].lines[0].get_ydata()) == [
        1,
        1,
    ]
    plt.close(figure)


@pytest.mark.parametrize(
    ("end", "shown"), [(63.0, ["10", "20", "50"]), (6300.0, ["10", "100", "1000"])]
)
def test_logarithmic_axes_have_plain_labels_that_do_not_meet(end, shown):
    series = Series("one", [7.0, end], [1.0, 2.0])
    fig = plotting.curves([plotting.Panel("x", "y", [series], xscale="log")])
    fig.canvas.draw()
    (ax,) = fig.axes
    low, high = ax.get_xlim()
    both = (False, True)
    texts = [
        label.get_text().replace("$\\mathdefault{10^{", "1e").replace("}}$", "")
        for minor in both
        for at, label in zip(
            ax.get_xticks(minor=minor), ax.get_xticklabels(minor=minor), strict=True
        )
        if low <= at <= high and label.get_text()
    ]
    assert [float(text) for text in texts] == [float(text) for text in shown]
