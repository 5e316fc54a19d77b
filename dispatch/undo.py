"""What undoes what: the table of acts with their inverse ordinary acts, and what stands in the way.

An undo is no act of its own: it is the inverse act, done and journaled as always, with the number of what it takes back.
Something newer about the same subject is never undone with it: whoever acted later knew more.
"""

from collections.abc import Mapping
from typing import Final, Literal

Why = Literal["told_outside", "asked_first", "not_kept", "write_again"]

INVERSES: Final[Mapping[str, str]] = {
    "incident.report": "incident.cancel",
    "incident.change_level": "incident.change_level",
    "plan.confirm": "plan.withdraw",
    "closure.close": "closure.open",
    "closure.open": "closure.close",
    "hazard.draw": "hazard.end",
    "hazard.end": "hazard.draw",
    "resource.edit": "resource.edit",
    "grid.staff": "grid.restore",
    "grid.divide": "grid.restore",
    "grid.edit": "grid.restore",
    "grid.mend": "grid.restore",
    "grid.restore": "grid.restore",
    "ledger.apply": "ledger.undo",
    "account.disable": "account.enable",
    "account.enable": "account.disable",
}

FINAL: Final[Mapping[str, Why]] = {
    # people have been told, and act on it
    "order.acknowledge": "told_outside",
    "order.depart": "told_outside",
    "order.arrive": "told_outside",
    "order.finish": "told_outside",
    "order.refuse": "told_outside",
    "order.call_village": "told_outside",
    "call.start": "told_outside",
    "call.answer": "told_outside",
    "call.link": "told_outside",
    "call.escalate": "told_outside",
    "incident.send_report": "told_outside",
    "incident.escalate": "told_outside",
    "aid.request": "told_outside",
    "aid.answer": "told_outside",
    "aid.end": "told_outside",
    "message.send": "told_outside",
    "message.acknowledge": "told_outside",
    "shift.hand_over": "told_outside",
    # a sentence said what would happen, and was answered with yes
    "incident.close": "asked_first",
    "incident.cancel": "asked_first",
    "order.cancel": "asked_first",
    "order.link": "told_outside",
    "order.unlink": "asked_first",
    "call.end": "asked_first",
    "plan.withdraw": "asked_first",
    # what was there before is not kept
    "tracker.create": "not_kept",
    "tracker.revoke": "not_kept",
    "layer.import": "not_kept",
    "osm.import": "not_kept",
    "demo.load": "not_kept",
    "account.create": "not_kept",
    "account.set_password": "not_kept",
    "account.make_key": "not_kept",
    "own.password": "not_kept",
    "own.end_session": "not_kept",
    "terrain.import": "not_kept",
    # the earlier words stand in the timeline; they are written again
    "ledger.undo": "write_again",
    "incident.edit": "write_again",
    "closure.edit": "write_again",
    "hazard.edit": "write_again",
    # nothing was changed
    "plan.propose": "not_kept",
    "plan.prove": "not_kept",
    "plan.replan": "not_kept",
    "ledger.upload": "not_kept",
    "ledger.correct": "not_kept",
    "ledger.map": "not_kept",
    "ledger.drop": "not_kept",
    "county.export": "not_kept",
    "atlas.print": "not_kept",
    "audit.export": "not_kept",
    "audit.verify": "not_kept",
    "county.import": "not_kept",
    "layer.export": "not_kept",
}

_BESIDE: Final = frozenset(
    {
        "incident.edit",
        "incident.send_report",
        "message.send",
        "message.acknowledge",
        "order.link",
        "order.unlink",
    }
)
"""Acts about the same subject that leave alone what an undo would change."""

_UNITS: Final = frozenset({"team", "vehicle", "depot", "lot"})


def refusal(act: str, subject: str, payload: Mapping[str, object]) -> Why | None:
    """Say why an act can never be taken back; None when its inverse is known."""
    if act not in INVERSES:
        return FINAL.get(act, "not_kept")
    if act == "resource.edit" and (subject not in _UNITS or ("was" not in payload and "from" not in payload)):
        return "not_kept"
    if subject == "user" and "name" not in payload:
        return "not_kept"
    return None


def stands_in_the_way(act: str, number: int, later_act: str, later_undoes: object) -> bool:
    """Whether a later act about the same subject keeps `act`, journaled as `number`, from being undone."""
    if later_undoes == number:
        return True
    return later_act not in _BESIDE or later_act == INVERSES.get(act)
