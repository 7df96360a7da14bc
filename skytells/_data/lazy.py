"""Packages whose names load their module when they are first used.

It spares time; and a package that loads its modules at once can deadlock with a thread that loads one
of these modules, whereupon Python hands out modules that are half there.
"""

from __future__ import annotations

import sys
from importlib import import_module


def load(package: str, name: str, *modules: str) -> object:
    """What the `__getattr__` of a package gives: a module of it, or a name of its `__all__`.

    Args:
        package: The package.
        name: What is wanted of it.
        modules: Its modules, the most wanted first; `..other.module` is outside of it.

    Raises:
        AttributeError: It has no such name.
    """
    if name in modules:
        return import_module(f".{name}", package)
    this = sys.modules[package]
    homes = modules if name in this.__all__ else ()
    for home in homes:
        module = import_module(home if home.startswith(".") else f".{home}", package)
        if hasattr(module, name):
            value: object = getattr(module, name)
            setattr(this, name, value)
            return value
    raise AttributeError(f"module {package!r} has no attribute {name!r}")
