"""Names of units for readers of one language, for whatever orders, plans and reasons mention."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from api.usecases import sheets
from api.usecases.plans import PlanView
from dispatch.model import Reason
from web.view import View


@dataclass(slots=True)
class Mentioned:
    """Ids that somebody mentions, gathered before they are all looked up at once."""

    teams: set[int] = field(default_factory=set)
    vehicles: set[int] = field(default_factory=set)
    depots: set[int] = field(default_factory=set)
    villages: set[str] = field(default_factory=set)
    shelters: set[str] = field(default_factory=set)

    def unit(self, kind: str, identity: int) -> "Mentioned":
        """Add one unit by what it is."""
        {"team": self.teams, "vehicle": self.vehicles, "depot": self.depots}[kind].add(identity)
        return self

    def orders(self, orders: Iterable[Any]) -> "Mentioned":
        """Add the units of orders."""
        for order in orders:
            self.teams |= {order.team_id} - {None}
            self.vehicles |= {order.vehicle_id} - {None}
            self.depots |= {order.depot_id} - {None}
            if order.village is not None:
                self.villages.add(order.village)
                self.shelters |= {line.code for line in order.lines}
        return self

    def plan(self, plan: PlanView) -> "Mentioned":
        """Add the units of a plan."""
        self.teams |= {one.id for one in plan.units.teams}
        self.vehicles |= {one.id for one in plan.units.vehicles}
        self.depots |= {one.id for one in plan.units.depots}
        for wish in (*plan.pins, *plan.bans):
            {"team": self.teams, "vehicle": self.vehicles, "depot": self.depots}[wish.kind].add(wish.id)
        return self

    def reasons(self, reasons: Iterable[Reason]) -> "Mentioned":
        """Add the units that reasons are about."""
        of_kind = {
            "team": self.teams,
            "vehicle": self.vehicles,
            "carrier": self.vehicles,
            "depot": self.depots,
        }
        for reason in reasons:
            if reason.kind in of_kind:
                of_kind[reason.kind].add(reason.id)
        return self


@dataclass(frozen=True, slots=True)
class Names:
    """Names by (kind, id), and of townships by code."""

    units: Mapping[tuple[str, int], str]
    townships: Mapping[str, str]
    villages: Mapping[str, str] = field(default_factory=dict)
    shelters: Mapping[str, str] = field(default_factory=dict)

    def unit(self, kind: str, identity: int) -> str:
        """Name a unit; its number where the ledger no longer has it."""
        return self.units.get((kind, identity), f"#{identity}")

    def township(self, code: str) -> str:
        """Name a township; its code where it has no name."""
        return self.townships.get(code, code)

    def order(self, order: Any) -> str:
        """Name who an order goes to: the team, the village, or the vehicle with its owner."""
        if order.village is not None:
            return self.villages.get(order.village, order.village)
        if order.vehicle_id is not None:
            return self.unit("vehicle", order.vehicle_id)
        return self.unit("team", order.team_id)


def read(view: View, mentioned: Mentioned) -> Names:
    """Look up everything mentioned; a vehicle is named with its owner."""
    found = sheets.roster(
        view.context,
        teams=mentioned.teams,
        vehicles=mentioned.vehicles,
        depots=mentioned.depots,
        villages=mentioned.villages,
        shelters=mentioned.shelters,
    )
    words = view.words
    units = {("team", one.id): words.name(one) for one in found.teams.values()}
    units |= {("depot", one.id): words.name(one) for one in found.depots.values()}
    for one in found.vehicles.values():
        owner = units.get(("team", one.team_id or 0)) or units.get(("depot", one.depot_id or 0), "")
        units["vehicle", one.id] = units["carrier", one.id] = words.vehicle(one.kind, one.code, owner)
    return Names(
        units=units,
        townships={code: words.name(area) for code, area in found.townships.items()},
        villages={code: words.name(one) for code, one in found.villages.items()},
        shelters={code: words.name(one) for code, one in found.shelters.items()},
    )
