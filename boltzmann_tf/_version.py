"""The version, in its only place: setup.cfg and the reports read it from here."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
