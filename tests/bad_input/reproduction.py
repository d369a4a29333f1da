"""Bad calls of reproduction."""

from __future__ import annotations

import numpy as np

from bad_input.parts import NAN, first
from boltzmann_tf import reproduction
from boltzmann_tf.sampling import Chains

CHAINS = Chains(np.ones([2, 9, 1]), np.ones([2, 9]), np.ones(2), 0.1, steps=18, seed=0)
ROWS = [
    (
        lambda: reproduction.Series("a", [1.0, 2.0], [1.0]),
        ValueError,
        r"x, value and error of 'a' must be of one length \[n\], got shapes \[\(2,\), \(1,\)\]",
    ),
    (
        lambda: reproduction.Series("a", [1.0], [1.0]).means(0),
        ValueError,
        r"n must be an integer >= 1, got 0",
    ),
    (
        lambda: reproduction.Plan("slow"),
        ValueError,
        r"preset must be one of \['quick', 'paper'\], got 'slow'",
    ),
    (
        lambda: reproduction.by_preset(1),
        TypeError,
        r"missing 1 required positional argument: 'paper'",
    ),
    (
        lambda: reproduction.Targets(3),
        TypeError,
        r"context must be a Context, got 3 of type int",
    ),
    (
        lambda: reproduction.Targets(reproduction.Context("a")).within_errors("b", 1.0, 1.0),
        ValueError,
        r"value of 'b' must be an estimate with an error, got 1\.0",
    ),
    (
        lambda: reproduction.family_limit(0),
        ValueError,
        r"k must be an integer >= 1, got 0",
    ),
    (
        lambda: reproduction.family_limit(2, 1.5),
        ValueError,
        r"false_alarm must be in \(0, 1\), got 1\.5",
    ),
    (
        lambda: reproduction.Context("a").seed_of(""),
        ValueError,
        r"name must be a non-empty text, got ''",
    ),
    (
        lambda: reproduction.diagnose("r-hat", 1.0),
        ValueError,
        r"kind must be one of \['R-hat',.*got 'r-hat'",
    ),
    (
        lambda: reproduction.diagnose("ESS fraction", 0.5),
        TypeError,
        r"n must be an integer >= 1, got None",
    ),
    (
        lambda: reproduction.weight_columns([[0.0]]),
        ValueError,
        r"log_weights must be.*got shape \(1, 1\)",
    ),
    (
        lambda: reproduction.chain_columns(3, {}),
        TypeError,
        r"chains must be sampling\.Chains, got 3",
    ),
    (
        lambda: reproduction.chain_columns(CHAINS, np.ones([2, 9])),
        TypeError,
        r"observables must be a Mapping, got array",
    ),
    (
        lambda: reproduction.Context("a", "slow"),
        ValueError,
        r"preset must be one of \['quick', 'paper'\], got 'slow'",
    ),
    (
        lambda: reproduction.Context("a", seed=-1),
        ValueError,
        r"seed must be an integer >= 0, got -1",
    ),
    (
        lambda: reproduction.Context("a", output=3),
        TypeError,
        r"output must be a str or PathLike, got 3 of type int",
    ),
    (
        lambda: reproduction.Context("a").add(3),
        TypeError,
        r"metric must be a Metric, got 3 of type int",
    ),
    (
        lambda: reproduction.Numbers("/nowhere"),
        ValueError,
        r"folder must be a folder that is there, got '/nowhere'",
    ),
    (
        lambda: reproduction.Context("a").count_energy_evaluations(-1),
        ValueError,
        r"number must be an integer >= 0, got -1",
    ),
    (
        lambda: reproduction.Context("a").figure(None, "a/b.png", ""),
        ValueError,
        r"filename must be a plain file name, got 'a/b\.png'",
    ),
    (
        lambda: reproduction.Context("a").figure(None, "a.png", "b"),
        TypeError,
        r"fig must be a matplotlib figure, got None",
    ),
    (
        lambda: reproduction.Context("a").table("b", []),
        ValueError,
        r"rows must be at least one with columns, got none for 'b'",
    ),
    (
        lambda: reproduction.Context("a").section(""),
        ValueError,
        r"title must be a non-empty text, got ''",
    ),
    (
        lambda: reproduction.Metric.at_most("a", 1.0, 2.0, diagnostics={"k-hat": 1.05}),
        TypeError,
        r"diagnostics must be a Diagnostic, got 1\.05 of type float",
    ),
    (
        lambda: reproduction.Metric.close("a", "b", 1.0, 0.1, justification="c"),
        TypeError,
        r"value must be a number, got 'b' of type str",
    ),
    (
        lambda: reproduction.Metric.close("a", 1.0, 1.0, -0.1, justification="c"),
        ValueError,
        r"tolerance must be a positive finite number, got -0\.1",
    ),
    (
        lambda: reproduction.Metric.at_most("a", 1.0, NAN),
        ValueError,
        r"limit must be a finite number, got nan",
    ),
    (
        lambda: reproduction.Metric.at_least("", 1.0, 1.0),
        ValueError,
        r"name must be a non-empty text, got ''",
    ),
    (
        lambda: reproduction.Reproduction("", "title", first),
        ValueError,
        r"name must be a non-empty text, got ''",
    ),
    (
        lambda: reproduction.Reproduction(3, "title", first),
        TypeError,
        r"name must be a str, got 3 of type int",
    ),
    (
        lambda: reproduction.reproduce_all(jobs=0),
        ValueError,
        r"jobs must be an integer >= 1, got 0",
    ),
    (
        lambda: reproduction.reproduce_all("slow"),
        ValueError,
        r"preset must be one of \['quick', 'paper'\], got 'slow'",
    ),
    (
        lambda: reproduction.reproduce_all(seed=-1),
        ValueError,
        r"seed must be an integer >= 0, got -1",
    ),
    (
        lambda: reproduction.reproduction(3, "title"),
        TypeError,
        r"name must be a str, got 3 of type int",
    ),
    (
        lambda: reproduction.reproduction("a", "title", minutes=0),
        ValueError,
        r"minutes must be a positive finite number, got 0",
    ),
    (
        lambda: reproduction.reproduction("a", "title")(3),
        TypeError,
        r"run must be a function of the context, got 3",
    ),
    (
        lambda: reproduction.run_reproduction("nothing"),
        ValueError,
        r"name must be one of \['dimer',.*got 'nothing'",
    ),
    (
        lambda: reproduction.run_reproduction("toy", seed=-1),
        ValueError,
        r"seed must be an integer >= 0, got -1",
    ),
    (
        lambda: reproduction.write_index(3, []),
        TypeError,
        r"output must be a str or PathLike, got 3 of type int",
    ),
    (
        lambda: reproduction.write_index("results", 3),
        TypeError,
        r"results must be a sequence, got 3 of type int",
    ),
]
