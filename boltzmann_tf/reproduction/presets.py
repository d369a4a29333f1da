"""How much each preset does: one line a parameter."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast

from boltzmann_tf.reproduction.context import check_preset

__all__ = ["Plan", "by_preset"]

T = TypeVar("T")


class Plan:
    """How much a preset does; a study derives its own.

        class Plan(reproduction.Plan):
            samples = by_preset(20_000, 60_000)  # of a generator at each temperature
            sweeps = 8                           # the same in both

        plan = Plan(context.preset)
        plan.samples

    Args:
      preset: "quick" or "paper".
    """

    def __init__(self, preset: str) -> None:
        self.preset = check_preset(preset)

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "preset":
            raise AttributeError(f"{name} must be set in the class, got {value!r} at run time")
        super().__setattr__(name, value)


class _ByPreset(Generic[T]):
    """What `by_preset` makes: an attribute whose value is that of the plan's preset."""

    def __init__(self, values: dict[str, T]) -> None:
        self._values = values

    def __get__(self, plan: Any, owner: type) -> Any:
        if plan is None:
            return self
        if not isinstance(plan, Plan):
            raise TypeError(f"by_preset must be used in a Plan, got {owner.__name__}")
        return self._values[plan.preset]


def by_preset(quick: T, paper: T) -> T:
    """A parameter of a `Plan` that differs between the presets.

    Args:
      quick: in preset quick.
      paper: in preset paper.
    """
    return cast(T, _ByPreset({"quick": quick, "paper": paper}))
