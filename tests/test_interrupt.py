"""Ctrl-C waits for the end of a block; a second one does not."""

from __future__ import annotations

import signal
import threading

import pytest

from boltzmann_tf._support.interrupt import interrupts_held


def work(interrupts, done):
    with interrupts_held():
        for _ in range(interrupts):
            signal.raise_signal(signal.SIGINT)
        done.append("block")
    done.append("after")


@pytest.mark.parametrize(
    ("interrupts", "expected"), [(0, ["block", "after"]), (1, ["block"]), (2, [])]
)
@pytest.mark.usefixtures("signals_as_in_a_shell")
def test_a_first_interrupt_waits(interrupts, expected):
    before, done = signal.getsignal(signal.SIGINT), []
    if interrupts:
        with pytest.raises(KeyboardInterrupt):
            work(interrupts, done)
    else:
        work(interrupts, done)
    assert done == expected
    assert signal.getsignal(signal.SIGINT) is before


def test_an_error_leaves_the_handler_as_it_was():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError), interrupts_held():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is before


def test_handlers_of_others_are_kept():
    before, done = signal.getsignal(signal.SIGINT), []
    try:
        signal.signal(signal.SIGINT, lambda *_: done.append("handler"))
        work(1, done)
        assert done == ["block", "handler", "after"]
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        work(1, done)
        assert done[3:] == ["block", "after"]
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_are_left_alone():
    done = []
    thread = threading.Thread(target=work, args=(0, done))
    thread.start()
    thread.join()
    assert done == ["block", "after"]
