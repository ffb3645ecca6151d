"""Who can reach a server by the address that it listens on, and what that asks of whoever starts it."""

from __future__ import annotations

import ipaddress

from iaca.errors import InputError

HERE = "127.0.0.1"
"""The address that only this machine reaches."""


class ListeningError(InputError):
    """A server that would be open to others without being told so: the message says what was expected."""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens there; names other than localhost may be anywhere."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def check_listening(host: str, *, locked: bool, trusted: bool) -> None:
    """Refuse to open the page to other machines by accident.

    Args:
        host: Address or name to listen on; "" for every address of the machine.
        locked: Whether visitors are kept to the folders that were named at the start.
        trusted: Whether everybody who reaches the machine may read what its account may read.

    Raises:
        ListeningError: Other machines reach it, and neither was said.
    """
    if not (locked or trusted or is_loopback(host)):
        raise ListeningError(
            f"The page would listen on {host or 'all addresses of this machine'}, which other machines reach; expected "
            "--locked (visitors see only the folders named at the start, and their uploads stay their own) or "
            "--trust-network (everybody who reaches it may read any folder of this machine)"
        )
