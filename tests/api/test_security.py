"""Roles, passwords, tokens and the guard against forged requests."""

import pytest

from api.errors import NotAllowedError, NotSignedInError
from api.security import (
    ACTS,
    NOBODY,
    Actor,
    Passwords,
    authorise,
    check_csrf,
    check_origin,
    csrf_token,
    new_password,
    new_token,
    token_hash,
)


def test_nobody_may_do_nothing() -> None:
    """An endpoint that forgets to ask who is there must still refuse: there is no act without a role."""
    for act in ACTS:
        with pytest.raises(NotSignedInError):
            authorise(NOBODY, act)


def test_a_viewer_only_reads() -> None:
    """Whatever is added later, a viewer's acts are reading acts, and personal data is not among them."""
    held = {act for act, roles in ACTS.items() if "viewer" in roles}
    assert all(act.endswith(".read") or act.startswith("own.") for act in held)  # own password, own logins
    assert "personal.read" not in held
    assert "account.read" not in held


def test_a_team_link_holds_order_acts_alone() -> None:
    """A link that leaks can move its own order and speak about it: it must not reach incidents, plans or people."""
    held = {act for act, roles in ACTS.items() if "team_link" in roles}
    assert held == {
        "order.read",
        "order.acknowledge",
        "order.depart",
        "order.arrive",
        "order.finish",
        "order.refuse",
        "base_map.read",  # the telephone's map, without any layer
        "message.read",  # its own order's
        "message.send",
        "message.acknowledge",
        "position.report",
    }


def test_an_unknown_act_is_a_mistake_not_a_permission() -> None:
    """A misspelt act in a use case must fail in its first test."""
    with pytest.raises(KeyError):
        Actor(name="a", role="administrator").may("incident.reprot")


def test_tokens_are_long_and_stored_as_a_digest() -> None:
    """128 bits are the least that cannot be guessed; what the database holds must not open anything."""
    token = new_token()
    assert len(token) * 6 >= 128
    assert token != new_token()
    assert len(token_hash(token)) == 32
    assert token.encode() not in token_hash(token)


def test_the_form_token_belongs_to_its_session() -> None:
    """Another session's form token, none, or one that is not ASCII is refused."""
    mine, other = new_token(), new_token()
    check_csrf(mine, csrf_token(mine))
    for wrong in (None, "", csrf_token(other), "岚溪"):
        with pytest.raises(NotAllowedError):
            check_csrf(mine, wrong)


def test_only_our_own_pages_may_send() -> None:
    """Another origin, and the opaque one of a sandboxed page, are refused; programs send no Origin."""
    check_origin(None, "http://a:1", ())
    check_origin("http://a:1", "http://a:1", ())
    check_origin("https://muster.example", "http://a:1", ("https://muster.example",))
    for wrong in ("http://a:2", "null", "https://a:1"):
        with pytest.raises(NotAllowedError):
            check_origin(wrong, "http://a:1", ())


def test_passwords_are_checked_against_their_hash() -> None:
    """The right one passes; a wrong one and a missing account give the same answer."""
    passwords = Passwords(at_once=1)
    password = new_password()
    encoded = passwords.hash(password)
    assert password not in encoded
    passwords.check(encoded, password)
    for stored in (encoded, None):
        with pytest.raises(NotSignedInError) as refused:
            passwords.check(stored, "wrong")
        assert refused.value.code == "login_wrong"
