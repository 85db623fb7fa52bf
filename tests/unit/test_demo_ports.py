"""The demonstration's ports: those that were set, and others where they are taken."""

from __future__ import annotations

import socket

from diemcau.demo.prepare import free_port


def test_a_free_port_is_used_as_it_was_asked_for() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    assert free_port(free) == free


def test_a_port_that_somebody_listens_on_or_that_is_already_chosen_is_passed_over() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        wanted = busy.getsockname()[1]
        other = free_port(wanted)
        assert other > wanted
        assert free_port(wanted, taken=[other]) > other


def test_port_zero_is_any_free_one() -> None:
    assert free_port(0) > 0
