"""Functions that formulas are written with: of numbers, arrays and tensors, and in Numba's code.

A formula of this package is a plain function of numbers. Python evaluates it with TensorFlow's
tensors, Numba compiles the same lines for single numbers: arithmetic is understood by both, and
what else a formula needs is here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numba.extending import overload, register_jitable

from boltzmann_tf._support.checks import positive_int

__all__ = [
    "JIT",
    "arccos",
    "arctan2",
    "cos",
    "exp",
    "floor",
    "formula",
    "log",
    "maximum",
    "minimum",
    "power",
    "sqrt",
    "tanh",
    "where",
]


# Sums in any order, for vector units; but NaN and infinity are what they are: moves are rejected
# by the one, and particles that coincide come apart by the other. Division by zero gives them.
# Inlined whatever its size: a call that hands on the arrays of all terms costs more than the
# arithmetic of a small one.
JIT = {
    "fastmath": {"reassoc", "contract", "arcp", "nsz"},
    "error_model": "numpy",
    "forceinline": True,
}


def formula(function: Callable) -> Callable:
    """Marks a function as one that Numba may compile; it stays a plain function."""
    if not callable(function):
        raise TypeError(f"function must be a function, got {function!r}")
    return register_jitable(**JIT)(function)


def _both(name: str, of_tensors: Callable, of_arrays: Callable) -> Callable:
    """A function of one or two arguments in all three worlds."""

    def function(*arguments: Any) -> Any:
        if any(tf.is_tensor(a) for a in arguments):
            return of_tensors(*arguments)
        return of_arrays(*arguments)

    function.__name__ = function.__qualname__ = name
    return function


FLAT = 1e-10  # how far cosines are kept off 1: at 0 and 180 degrees an angle has no derivative


def _angle(x: tf.Tensor) -> tf.Tensor:
    # 1 - FLAT is 1 where numbers are short.
    flat = 1 - max(FLAT, 2 * float(np.finfo(x.dtype.as_numpy_dtype).eps))
    return tf.acos(tf.clip_by_value(x, -flat, flat))


def _angle_of_arrays(x: Any) -> Any:
    return np.arccos(np.clip(x, FLAT - 1, 1 - FLAT))


sqrt = _both("sqrt", tf.sqrt, np.sqrt)
exp = _both("exp", tf.exp, np.exp)
log = _both("log", tf.math.log, np.log)
cos = _both("cos", tf.cos, np.cos)
tanh = _both("tanh", tf.tanh, np.tanh)
arccos = _both("arccos", _angle, _angle_of_arrays)  # kept off 0 and pi
arctan2 = _both("arctan2", tf.atan2, np.arctan2)  # of y and x, not both 0
floor = _both("floor", tf.floor, np.floor)
maximum = _both("maximum", tf.maximum, np.maximum)
minimum = _both("minimum", tf.minimum, np.minimum)
where = _both("where", tf.where, np.where)


def power(x: Any, n: int) -> Any:
    """x to a whole power n >= 1, by multiplications."""
    positive_int("n", n)
    result = None
    while True:
        if n % 2:
            result = x if result is None else result * x
        n //= 2
        if not n:
            return result
        x = x * x


# Numba's own: NumPy's functions of single numbers. In a loop over particles, comparisons become
# selections of vector units, as both sides are there already.
@overload(sqrt, strict=False)
def _sqrt(x: Any) -> Callable:
    return lambda x: np.sqrt(x)


@overload(exp, strict=False)
def _exp(x: Any) -> Callable:
    return lambda x: np.exp(x)


@overload(log, strict=False)
def _log(x: Any) -> Callable:
    return lambda x: np.log(x)


@overload(cos, strict=False)
def _cos(x: Any) -> Callable:
    return lambda x: np.cos(x)


@overload(tanh, strict=False)
def _tanh(x: Any) -> Callable:
    return lambda x: np.tanh(x)


@overload(arccos, strict=False)
def _arccos(x: Any) -> Callable:
    most = 1 - FLAT
    return lambda x: np.arccos(-most if x < -most else (most if x > most else x))


@overload(arctan2, strict=False)
def _arctan2(y: Any, x: Any) -> Callable:
    return lambda y, x: np.arctan2(y, x)


@overload(floor, strict=False)
def _floor(x: Any) -> Callable:
    return lambda x: np.floor(x)


@overload(maximum, strict=False)
def _maximum(a: Any, b: Any) -> Callable:
    return lambda a, b: a if a > b else b + 0.0


@overload(minimum, strict=False)
def _minimum(a: Any, b: Any) -> Callable:
    return lambda a, b: a if a < b else b + 0.0


@overload(where, strict=False)
def _where(condition: Any, a: Any, b: Any) -> Callable:
    return lambda condition, a, b: a if condition else b + 0.0


@overload(power, strict=False)
def _power(x: Any, n: Any) -> Callable:
    def multiplied(x: float, n: int) -> float:
        result = 1.0 if n > 0 else np.nan  # which moves are rejected by
        while n > 0:
            if n % 2:
                result *= x
            n //= 2
            x *= x
        return result

    return multiplied
