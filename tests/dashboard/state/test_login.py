"""Who is on the list of a page that asks to log in."""

from __future__ import annotations

import pytest

from dashboard.state.folders import Options
from dashboard.state.login import LoginError, check_login, is_allowed, lets_in


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("anna@example.org", True),
        ("ANNA@Example.Org", True),
        ("berta@example.org", False),
        ("berta@lab.example", True),
        ("berta@uni.example", True),
        ("berta@sub.lab.example", False),
        ("berta@evil-lab.example", False),
        ("berta@lab.example@evil.example", False),
        ("lab.example", False),
        ("@", False),
        ("", False),
        (None, False),
        (["anna@example.org"], False),
    ],
)
def test_addresses_and_domains_of_the_list_are_let_in(address, allowed):
    known = ("anna@example.org", "@lab.example", "uni.example")
    assert is_allowed({"email": address}, known) == allowed
    assert not is_allowed({"email": address}, ())


def test_an_address_that_the_provider_has_not_verified_counts_for_nothing():
    assert is_allowed({"email": "anna@example.org", "email_verified": True}, ("@example.org",))
    assert not is_allowed({"email": "anna@example.org", "email_verified": False}, ("@example.org",))
    assert not is_allowed({}, ("@example.org",))


def test_a_list_without_a_login_lets_nobody_believe_that_it_protects():
    check_login(Options())
    with pytest.raises(LoginError, match="without --login"):
        check_login(Options(allow_email=("@example.org",)))
    with pytest.raises(LoginError, match="without --allow-email"):
        check_login(Options(login=True))


def test_a_browser_without_a_cookie_is_not_let_in():
    assert not lets_in("")
    assert not lets_in("x" * 43)
