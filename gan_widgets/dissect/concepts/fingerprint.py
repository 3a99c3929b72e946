"""What tells a function from others of its name: a hash of its code and of the plain values that it reads.

>>> code = fingerprint(lambda images: images > 0)
>>> code == fingerprint(lambda pixels: pixels > 0), code == fingerprint(lambda images: images > 0.5)
(True, False)
"""

import dis
import inspect
import sys
from collections.abc import Callable, Container, Iterator, Mapping
from functools import partial
from hashlib import sha256
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

import numpy as np

_PLAIN = (bool, int, float, complex, str, bytes)
_WRITES = {f"{do}_{where}" for do in ("STORE", "DELETE") for where in ("GLOBAL", "DEREF", "ATTR")}
_BEGIN = ("__init__", "__post_init__", "__setstate__")


def fingerprint(f: Callable[..., Any]) -> dict[str, str]:
    """Give a hash under the name of this Python, whose bytecode no other one shares.

    It covers code, constants and defaults, functions of the same module that are called, and numbers and
    texts in globals, closures, `functools.partial` and the attributes of a callable object. Left out is what
    the function writes to (a counter makes no other function), and all that may change in place: lists,
    tensors, modules.
    """
    said = repr(_called(f, set()))
    return {str(sys.implementation.cache_tag): sha256(said.encode()).hexdigest()[:16]}


def _called(f: Any, seen: set[int]) -> list[Any]:  # noqa: ANN401  (anything that can be called)
    f = inspect.unwrap(f)
    if isinstance(f, FunctionType):
        return _function(f, seen)
    if isinstance(f, MethodType):
        return [_called(f.__func__, seen), _attributes(f.__self__)]
    if isinstance(f, partial):
        home = getattr(f.func, "__module__", None)
        return [_called(f.func, seen), _value(f.args, home, seen), _values(f.keywords, home, seen)]
    call = type(f).__call__
    if isinstance(call, FunctionType) and call.__module__ == type(f).__module__:
        return [_function(call, seen), _attributes(f)]
    return [getattr(f, "__qualname__", type(f).__qualname__)]


def _function(f: FunctionType, seen: set[int]) -> list[Any]:
    if id(f) in seen:  # it calls itself
        return []
    seen.add(id(f))
    home, cells = f.__module__, zip(f.__code__.co_freevars, f.__closure__ or (), strict=True)
    outside = {name: f.__globals__.get(name) for name in _names(f.__code__, {"LOAD_GLOBAL"})}
    outside |= {name: _held(cell) for name, cell in cells}
    for name in _names(f.__code__, _WRITES):
        outside.pop(name, None)
    defaults = _value(f.__defaults__, home, seen), _values(f.__kwdefaults__, home, seen)
    return [_code(f.__code__), *defaults, _values(outside, home, seen)]


def _code(code: CodeType) -> list[Any]:
    return [code.co_code, code.co_names, [_constant(value) for value in code.co_consts]]


def _constant(value: object) -> object:
    if isinstance(value, CodeType):
        return _code(value)
    if isinstance(value, tuple | frozenset):  # a set has no order of its own
        return sorted(map(repr, value)) if isinstance(value, frozenset) else [_constant(v) for v in value]
    return repr(value)


def _names(code: CodeType, steps: Container[str]) -> Iterator[str]:
    """Give the names that steps of this kind use, in this code and in that of functions inside it."""
    for inner in filter(lambda value: isinstance(value, CodeType), code.co_consts):
        yield from _names(inner, steps)
    yield from (step.argval for step in dis.get_instructions(code) if step.opname in steps)


def _value(value: Any, home: str | None, seen: set[int]) -> object:  # noqa: ANN401
    """Tell a plain value, or a function of the module `home`; None for any other."""
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) in _PLAIN:
        return repr(value)
    if isinstance(value, tuple):
        return [_value(item, home, seen) for item in value]
    own = isinstance(value, FunctionType) and inspect.unwrap(value).__module__ == home
    return _called(value, seen) if own else None


def _values(named: Mapping[str, Any] | None, home: str | None, seen: set[int]) -> list[Any]:
    told = [(name, _value(value, home, seen)) for name, value in sorted((named or {}).items())]
    return [pair for pair in told if pair[1] is not None]


def _held(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # nothing yet
        return None


def _attributes(owner: object) -> list[Any]:
    """Tell the plain attributes of an object, but for those that its methods write to after its making."""
    held = {name: value for name, value in getattr(owner, "__dict__", {}).items() if name[:2] != "__"}
    for method in [method for kind in type(owner).__mro__ for method in vars(kind).values()]:
        if isinstance(method, FunctionType) and method.__name__ not in _BEGIN:
            for name in _names(method.__code__, _WRITES):
                held.pop(name, None)
    return _values(held, None, set())
