"""Constructors that keep their arguments, for documents."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["recorded"]


def recorded(method: Callable[..., None]) -> Callable[..., None]:
    """A constructor that keeps its arguments as `_config`, those of the outermost class."""
    signature = inspect.signature(method)

    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> None:
        if "_config" not in vars(self):
            bound = signature.bind(self, *args, **kwargs)
            bound.apply_defaults()
            given = dict(list(bound.arguments.items())[1:])
            for name, parameter in signature.parameters.items():
                if parameter.kind is parameter.VAR_KEYWORD:
                    given |= given.pop(name)
            self._config = given
        method(self, *args, **kwargs)

    return wrapper
