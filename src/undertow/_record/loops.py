"""Loops of recorded functions that run as native code: each is a call of the function that `_source.loops` makes of it."""

from __future__ import annotations

import sys
import time
from typing import Any

from numpy import ndarray

from .._source.loops import LOOPS, outline
from . import native

__all__ = ["again", "entered", "left", "never"]

SIZED = (range, ndarray, list, tuple)
ROUNDS = 255  # how often a running loop is looked at: a power of two, less one
_SECONDS = 1e-6  # an operation recorded and swept


class Account(native.Account):
    """What a loop has cost."""

    __slots__ = ("looked", "rounds", "start")

    def __init__(self, name: str) -> None:
        super().__init__(None, name)
        self.start = self.looked = 0.0
        self.rounds = 0


def never(iterable: Any) -> None:
    """Loops of interpreters that take no native code."""


_accounts: dict[int, Account] = {}


def account_of(interpreter: Any, number: int) -> Account:
    """The account of a loop, one for all interpreters; this one notes that it met the loop."""
    found = _accounts.get(number)
    if found is None:
        found = _accounts[number] = Account(f"loop of line {LOOPS[number].node.lineno}")
    interpreter.loops[number] = found
    return found


def entered(interpreter: Any, number: int) -> Any:
    """The hook at the entry of a loop: its results, after a first element, where it ran as native code; else None."""
    if not interpreter.takes_native or native.provider() is None:
        return never
    account, loop = account_of(interpreter, number), LOOPS[number]
    source = native.provider()
    clock = time.perf_counter

    def loop_hook(iterable: Any) -> tuple | None:
        if account.misses < native.MISSES and interpreter.native:
            estimate = len(iterable) * loop.weight * _SECONDS if type(iterable) in SIZED else 0.0
            if account.spent >= max(source.patience(), account.next) or estimate >= max(
                    source.patience(), 1.5 * account.looked):
                found = attempt(interpreter, account, loop, sys._getframe(1), estimate)
                if found is not None:
                    return found
        account.start, account.run = clock(), interpreter.run
        return None

    return loop_hook


def left(interpreter: Any, number: int) -> Any:
    """The hook at the end of a loop that was recorded."""
    if not interpreter.takes_native:
        return lambda: None
    account = account_of(interpreter, number)
    clock = time.perf_counter

    def left_hook() -> None:
        account.spent += clock() - account.start

    return left_hook


def again(interpreter: Any, number: int) -> Any:
    """The hook at the beginning of each iteration of a ``while`` loop, whose length nobody knows before."""
    if not interpreter.takes_native or native.provider() is None:
        return lambda: None
    account, loop = account_of(interpreter, number), LOOPS[number]
    source = native.provider()
    clock = time.perf_counter

    def again_hook() -> tuple | None:
        account.rounds += 1
        if account.rounds & ROUNDS or account.misses >= native.MISSES or not interpreter.native:
            return None
        spent = account.spent + clock() - account.start
        if spent < max(source.patience(), account.next):
            return None
        account.spent, account.start = spent, clock()
        found = attempt(interpreter, account, loop, sys._getframe(1), 0.0, True)
        account.start = clock()
        return found

    return again_hook


def attempt(interpreter: Any, account: Account, loop: Any, frame: Any, estimate: float,
            resume: bool = False) -> tuple | None:
    """Run a loop as native code, or what is left of it."""
    refusal = native.provider().refusal
    values, code = frame.f_locals, frame.f_code
    own = {*code.co_varnames, *code.co_cellvars, *code.co_freevars}
    given = []
    for name in loop.inputs:
        if name in values:
            given.append(name)
        elif name in own and name not in loop.assigned:
            return None  # unbound: the program is about to fail
    f = outline(loop, tuple(given), code.co_name, code.co_filename, frame.f_globals, resume)
    try:
        found = native.call(interpreter, f, tuple(values[n] for n in given), {}, account.spent)
    except refusal as reason:
        account.note(reason)
        account.looked = estimate
        return None
    return (True, *found)
