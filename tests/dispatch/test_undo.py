"""What undoes what, and what stands in the way."""

from dispatch import undo


def test_an_act_is_taken_back_by_one_that_can_be_taken_back_or_was_asked_for() -> None:
    """Nobody ends in a corner: whatever an undo does is in the table itself."""
    assert set(undo.INVERSES.values()) <= set(undo.INVERSES) | set(undo.FINAL)
    assert not set(undo.INVERSES) & set(undo.FINAL)


def test_what_was_undone_is_not_undone_again() -> None:
    """Two people press Undo for the same closure: one road is opened, once."""
    assert undo.stands_in_the_way("closure.open", 7, "closure.close", 7)


def test_a_later_word_about_the_same_thing_stands_in_the_way() -> None:
    """Whoever raised the level after me knew more; my undo must not take that away with mine."""
    assert undo.stands_in_the_way("incident.change_level", 7, "incident.change_level", None)
    assert undo.stands_in_the_way("incident.change_level", 7, "plan.confirm", None)


def test_notes_and_messages_stand_in_nobodys_way() -> None:
    """A caller's name was added since: the wrong level can still be taken back."""
    assert not undo.stands_in_the_way("incident.change_level", 7, "incident.edit", None)
    assert not undo.stands_in_the_way("incident.change_level", 7, "message.send", None)


def test_an_edit_is_taken_back_only_where_the_earlier_state_is_kept() -> None:
    """Rows from before this version have no earlier state in them."""
    assert undo.refusal("resource.edit", "team", {"was": {"status": "on_duty"}}) is None
    assert undo.refusal("resource.edit", "team", {"status": "on_duty"}) == "not_kept"
    assert undo.refusal("resource.edit", "place", {"fields": {}}) == "not_kept"
    assert undo.refusal("order.depart", "order", {}) == "told_outside"
    assert undo.refusal("something.new", "x", {}) == "not_kept"
