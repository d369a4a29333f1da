"""Shim for tools that still call setup.py; every piece of metadata is in setup.cfg."""

from setuptools import setup

setup()
