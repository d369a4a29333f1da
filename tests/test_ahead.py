"""`ahead` computes pieces in order, a few at a time, and hands on what goes wrong."""

from __future__ import annotations

import threading

import pytest

from boltzmann_tf._support.ahead import WORKERS, ahead


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
def test_pieces_come_in_order(count):
    assert list(ahead(lambda i: i * i, count)) == [i * i for i in range(count)]


def test_two_pieces_are_computed_at_a_time():
    both = threading.Barrier(2, timeout=30)
    # Pieces 1 and 2 wait for each other: alone, either would break the barrier.
    assert list(ahead(lambda i: both.wait() if i else None, 3))[0] is None


def test_no_more_is_computed_than_is_read():
    started = []
    pieces = ahead(lambda i: started.append(i), 100)
    for _ in range(5):
        next(pieces)
    assert len(started) <= 5 + WORKERS
    pieces.close()
    assert len(started) <= 5 + WORKERS


def test_an_error_reaches_the_reader():
    def piece(i):
        if i == 3:
            raise ValueError("piece 3")
        return i

    pieces = ahead(piece, 6)
    assert [next(pieces) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="piece 3"):
        list(pieces)
