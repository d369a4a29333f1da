"""Settings shared by all tests."""

from __future__ import annotations

import signal

import pytest
from hypothesis import HealthCheck, settings

from boltzmann_tf._support import graph

# The same examples in every run: a red build is then about the change, not about the draw. The
# examples are batches of many points, so a few of them go a long way.
settings.register_profile(
    "boltzmann_tf",
    deadline=None,  # the first call of each shape traces or compiles
    derandomize=True,
    database=None,
    max_examples=8,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("boltzmann_tf")


# Compiling takes longer than most tests run. What is asked for by name is compiled all the same,
# and under the marker `xla` what is compiled by default.
graph.AUTO = False


@pytest.fixture(autouse=True)
def _as_by_default(request, monkeypatch):
    if "xla" in request.keywords:
        monkeypatch.setattr(graph, "AUTO", True)


@pytest.fixture
def signals_as_in_a_shell():
    """Jobs in the background start with SIGINT ignored, those of `nohup` with SIGHUP."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
