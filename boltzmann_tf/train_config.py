"""The settings of `boltzmann-tf train`, checked before anything is computed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)

from boltzmann_tf import systems
from boltzmann_tf._checks import choice

__all__ = ["TrainConfig", "parse_hidden", "parse_parameters", "read_config"]

# What a system's constructor takes; JSON keeps whole numbers, and truth, apart from others.
Parameter = StrictBool | StrictInt | StrictFloat | StrictStr | tuple[StrictFloat | StrictInt, ...]


class TrainConfig(BaseModel):
    """Settings of `boltzmann-tf train`, as the JSON file of `--config` may give them.

    Attributes:
      system: registered name of the system.
      parameters: of the system, its defaults where not given.
      blocks: RealNVP blocks.
      hidden: widths of the hidden layers.
      samples: configurations of training data, from Metropolis chains that start in equal numbers
        in each of the system's named states.
      warm_up: steps by example alone before the losses are combined.
      iterations: steps with all losses; the learning rate falls to 0 along half a cosine.
      batch_size: configurations a step.
      learning_rate: of Adam, at the start.
      ml: weight of training by example, J_ML.
      kl: weight of training by energy, J_KL.
      rc: weight of the reaction-coordinate loss, J_RC.
      reaction_coordinate: name of the system's coordinate for `rc`; its first one if None.
      validation_split: fraction of the data, at their end, that is held out: J_ML of it is shown.
      rc_range: (lower, upper) end of that coordinate; the range of the data if None.
      seed: of data, network and training.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    system: str
    parameters: dict[str, Parameter] = {}
    blocks: PositiveInt = 4
    hidden: tuple[PositiveInt, ...] = Field(default=(100, 100), min_length=1)
    samples: PositiveInt = 10_000
    warm_up: int = Field(default=200, ge=0)
    iterations: PositiveInt = 2000
    batch_size: PositiveInt = 1000
    learning_rate: PositiveFloat = 1e-3
    ml: NonNegativeFloat = 1.0
    kl: NonNegativeFloat = 1.0
    rc: NonNegativeFloat = 0.0
    reaction_coordinate: str | None = None
    validation_split: float = Field(default=0.0, ge=0, lt=1)
    rc_range: tuple[float, float] | None = None
    seed: int = Field(default=0, ge=0, lt=2**31)

    @model_validator(mode="after")
    def _known(self) -> TrainConfig:
        choice("system", self.system, systems.REGISTRY)
        if not (self.ml or self.kl or self.rc):
            raise ValueError("one of ml, kl and rc must be positive, got 0 for all three")
        return self


def parse_hidden(text: str | None) -> tuple[int, ...] | None:
    """Returns the widths in a text such as "100,100", or None for None."""
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f"hidden must be widths between commas, such as 100,100, got {text!r}"
        ) from None


def parse_parameters(given: Sequence[str] | None) -> dict[str, Any] | None:
    """Returns the parameters in texts such as "length=4", or None for None.

    A value is read as JSON, so that 4 is a whole number and [1.5, 3] a pair, and as text where it
    is none.
    """
    if given is None:
        return None
    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise ValueError(f"parameter must be NAME=VALUE, such as length=4, got {text!r}")
        if name in found:
            raise ValueError(f"parameter must name each once, got {name!r} again")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def read_config(path: Path | None, options: Mapping[str, Any]) -> TrainConfig:
    """Reads and checks the settings.

    Args:
      path: a JSON file with an object, or None.
      options: settings that win over those of the file.

    Returns:
      the settings.

    Raises:
      ValueError: if the file is not such an object or a setting is not what it must be.
    """
    content: Any = {}
    if path is not None:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"config must be a JSON file, got {str(path)!r}: {error}") from error
        if not isinstance(content, dict):
            raise ValueError(
                f"config must hold a JSON object, got a {type(content).__name__} in {str(path)!r}"
            )
    return TrainConfig.model_validate({**content, **options})
