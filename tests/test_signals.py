"""What the process is told by signals."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from healthcheck.signals import Order, Orders, orders


@pytest.mark.parametrize(
    ("number", "order"),
    [
        (signal.SIGTERM, Order.STOP),
        (signal.SIGINT, Order.STOP),
        (signal.SIGHUP, Order.RELOAD),
        (signal.SIGUSR1, Order.RUN_NOW),
    ],
)
def test_a_signal_is_an_order(number: signal.Signals, order: Order) -> None:
    with orders() as received:
        os.kill(os.getpid(), number)

        assert received.get() is order


def test_orders_are_read_as_they_came() -> None:
    with orders() as received:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)

        assert [received.get(), received.get()] == [Order.RELOAD, Order.STOP]


def test_afterwards_signals_do_what_they_did_before() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    with orders():
        assert signal.getsignal(signal.SIGTERM) != before[0]

    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)] == before


def test_a_wait_ends_with_an_order_that_comes_later_than_one_of_its_parts() -> None:
    """The wait is made of short ones, so that no signal is missed; that shows nowhere."""
    received = Orders()
    timer = threading.Timer(0.7, received.put, [Order.STOP])
    timer.start()

    assert received.get() is Order.STOP
    timer.join()
