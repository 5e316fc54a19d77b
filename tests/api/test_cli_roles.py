"""The command line goes through the table of acts like everybody: as its administrator, and refused as anybody less."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from api import cli, terminal
from api.security import ACTS, Actor
from tests import builders

AT: Final = ",".join(map(str, builders.on_main_road(5)))

# act → a command that does it. Nothing of what the numbers name has to be there: the table is asked first
COMMANDS: Final = {
    "incident.report": f"incident report landslide --level 4 --at {AT}",
    "incident.edit": "incident edit 1 --name test",
    "incident.send_report": "incident sent-report 1 government_up",
    "incident.change_level": "incident level 1 3",
    "incident.escalate": "incident escalate 1",
    "incident.close": "incident close 1",
    "incident.cancel": "incident cancel 1",
    "plan.propose": "plan propose 1",
    "plan.prove": "plan prove 1",
    "plan.replan": "plan anew 1",
    "plan.confirm": "plan confirm 1",
    "plan.withdraw": "timeline withdraw 1",
    "order.link": "order link 1",
    "order.acknowledge": "order step 1 acknowledge",
    "order.depart": "order step 1 depart",
    "order.arrive": "order step 1 arrive",
    "order.finish": "order step 1 finish",
    "order.refuse": "order step 1 refuse",
    "order.cancel": "order step 1 cancel",
    "order.call_village": f"order village 1 {builders.WEST_VILLAGE}",
    "call.start": f"calls start test test --at {AT}",
    "call.answer": "calls answer 1 P1",
    "call.link": "calls link 1 P1",
    "call.end": "calls end 1",
    "closure.close": f"close --at {AT}",
    "closure.edit": "closure-edit 1 --reason test",
    "closure.open": "open 1",
    "hazard.draw": "hazard draw --geojson {area}",
    "hazard.edit": "hazard edit 1",
    "hazard.end": "hazard end 1",
    "grid.edit": "grids merge FF-05-001 FF-05-002",
    "grid.mend": "grids mend",
    "grid.restore": "grids undo 1",
    "grid.divide": "grids apply nothing.json",
    "grid.staff": "grids assign FF-05-001 P1 ranger",
    "resource.edit": "resource team 1 --status resting",
    "message.send": "message send test",
    "message.acknowledge": "message acknowledge 1",
    "shift.hand_over": "shift hand-over Li",
    "aid.request": "aid request 1 990102000000",
    "aid.answer": "aid decline 1 no",
    "aid.end": "aid end 1",
    "tracker.create": "tracker add GPS team 1",
    "tracker.revoke": "tracker revoke 1",
    "account.create": "user add somebody --role viewer",
    "account.disable": "user disable somebody",
    "account.enable": "user enable somebody",
    "account.set_password": "user password somebody",
    "account.make_key": "user key somebody",
    "ledger.upload": "ledger preview {area}",
    "ledger.correct": "ledger correct 1 0",
    "ledger.map": "ledger save-mapping 1 0 name",
    "ledger.drop": "ledger drop 1",
    "ledger.apply": "ledger apply 1",
    "ledger.undo": "ledger undo 1",
    "layer.import": "import layer teams {area}",
    "layer.export": "export layer teams {out}.csv",
    "osm.import": "import osm {area}",
    "terrain.import": "import dem {area}",
    "atlas.print": "atlas --out {out}.pdf",
    "county.export": "county export {out}.zip",
    "county.import": "county import {area} --yes",
    "audit.verify": "audit verify",
    "audit.export": "audit export {out}.csv",
}
MORE: Final = {  # other commands of an act above
    "order unlink": "order.link",
    "export all": "layer.export",
    "export qgis": "layer.export",
    "aid grant": "aid.answer",
    "grids split": "grid.edit",
    "grids border": "grid.edit",
    "grids rename": "grid.edit",
    "grids make": "grid.divide",
    "grids end-duty": "grid.staff",
    "audit seal": "audit.verify",
    "resource vehicle": "resource.edit",
    "resource depot": "resource.edit",
    "resource lot": "resource.edit",
    "resource place": "resource.edit",
    "timeline undo": "the inverse act's",
}
READING: Final = {
    "aid list", "aid offers", "calls list", "calls preview", "calls show", "calls statistics", "closures", "completeness",
    "export template", "ledger batches", "ledger marked", "grids at", "grids check", "grids of", "grids list", "grids overview", "hazard closure-effect",
    "hazard effect", "hazard list",
    "incident list", "incident show", "message list", "order list", "plan reasons", "plan show", "plan swaps",
    "plan triggers", "plan without", "resource teams", "shift list", "timeline show", "tracker list", "user list",
}  # fmt: skip
OF_THE_MACHINE: Final = {
    "serve", "demo", "doctor", "bench atlas", "bench dispatch", "bench grids", "bench ledgers", "bench travel", "bench web", "check storm",
    "db backup", "db backups", "db init", "db rehearse", "db restore", "db upgrade",
}  # fmt: skip
"""What starts, measures or keeps an installation as a whole."""
NOT_OF_THE_COMMAND_LINE: Final = {
    "call.escalate",  # the clockwork's
    "position.report",  # a telephone's and a tracker's
    "own.password",  # the command line has no account
    "own.end_session",
    "job.cancel",  # the command line does such work in the foreground
    "demo.load",  # within `demo`
    "system.check",  # within `doctor`
}


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Name every command that does something."""
    for name, below in getattr(command, "commands", {}).items():
        yield from leaves(below, (*path, name))
    if not hasattr(command, "commands"):
        yield " ".join(path)


def test_every_command_and_every_writing_act_is_walked_or_named() -> None:
    """A new command, and a new act, must say which belongs to which."""
    known = {leaf for name in cli.COMMANDS for leaf in leaves(cli.load(name), (name,))}
    walked = {name for name in known for words in COMMANDS.values() if f"{words} ".startswith(f"{name} ")}
    assert known == walked | set(MORE) | READING | OF_THE_MACHINE
    assert (
        set(ACTS) == {act for act in ACTS if act.endswith(".read")} | set(COMMANDS) | NOT_OF_THE_COMMAND_LINE
    )


def test_each_command_is_refused_to_whoever_does_not_hold_its_act(
    database: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Were somebody less than an administrator at the command line, each act would be refused by its own name."""
    area = tmp_path / "area.geojson"
    ring = [[111.5, 36.5], [111.6, 36.5], [111.6, 36.6], [111.5, 36.5]]
    area.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    monkeypatch.setenv("MUSTER_DATABASE_URL", database)
    monkeypatch.setattr(
        terminal, "local_administrator", lambda name: Actor(name=f"cli:{name}", role="tracker")
    )
    answered = {}
    for act, words in COMMANDS.items():
        given = words.format(area=area, out=tmp_path / "out").split()
        monkeypatch.setattr(sys, "argv", ["muster", *given])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr().err
        if ended.value.code != terminal.REFUSED or f"not_allowed (act={act}, role=tracker)" not in printed:
            answered[act] = (ended.value.code, printed[-300:])
    assert answered == {}
