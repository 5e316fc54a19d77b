"""`muster`: the same acts as the pages, from the command line.

Exit codes: 0 done, 1 refused (the code of the refusal is printed), 2 wrong usage, 3 no database.
Whoever can open the database's folder acts as a local administrator; the journal names them `cli:<login>`.

Each command stands in a module of `api/commands`, which is imported when it is asked for: what draws plans and reads
maps takes seconds to load, and a list of commands needs none of it.
"""

import signal
import sys
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

COMMANDS: Final[dict[str, tuple[str, str, str]]] = {
    # name: module of api/commands, the group or function in it, what it is for
    "serve": ("run", "serve", "Serve the pages and the API with the settings of the environment (MUSTER_…)."),
    "demo": ("run", "demo", "Load the fictional county 岚溪县 and serve it."),
    "doctor": ("run", "doctor", "Tell what is wrong and how to mend it."),
    "close": ("closures", "close_road", "Close or slow a stretch of road."),
    "open": ("closures", "open_road", "Open a closed road again."),
    "closures": ("closures", "list_closures", "List roads that are closed or slowed, now or later."),
    "closure-edit": (
        "closures",
        "edit_closure",
        "Change how much is closed, how long and why, all at once.",
    ),
    "db": ("db", "app", "The database: make, upgrade, back up, restore, rehearse."),
    "county": ("county", "app", "A whole county in one file: reference rows, roads, lots, policy."),
    "import": ("bringing", "app", "Bring roads and ledgers in."),
    "ledger": ("ledger", "app", "Ledgers coming in: preview, correct, apply, undo."),
    "export": ("taking", "app", "Take ledgers out, and the workbooks to fill in."),
    "atlas": (
        "atlas",
        "make",
        "Make an atlas: the county, each township, village and leaf grid, in one PDF with names and phone numbers.",
    ),
    "completeness": (
        "completeness",
        "show_completeness",
        "Score every layer by township: filled in, fresh, beyond doubt; 100 is the most.",
    ),
    "incident": ("incidents", "app", "Incidents: report, list, raise, close, cancel."),
    "plan": ("plans", "app", "Plans: propose, explain, confirm."),
    "order": ("orders", "app", "Orders: list, link, and every step of their life."),
    "aid": ("aid", "app", "Mutual aid: list, ask another area, answer, end."),
    "calls": ("calls", "app", "Calls up and down the chain: list, show, preview, start, answer, end."),
    "audit": ("audit", "app", "The journal: verify, seal, export."),
    "grids": ("grids", "app", "Responsibility grids: ask, check, make, change, and who answers."),
    "hazard": ("hazards", "app", "Danger areas, and what closures and areas cut off."),
    "tracker": ("trackers", "app", "Trackers: list, add (its token is printed once), revoke."),
    "message": ("desk", "message_app", "Messages: list, send, acknowledge."),
    "timeline": ("desk", "timeline_app", "What was done, and taking it back."),
    "shift": ("desk", "shift_app", "The shift: hand it over, list past ones."),
    "resource": ("resources", "app", "Teams, vehicles, depots and stock as they are now."),
    "user": ("users", "app", "Accounts: list, add, disable, new password."),
    "bench": ("bench", "app", "Measure, beside named peers in the same run."),
    "check": ("check", "app", "Put the whole to the test, on a database of its own."),
}


class Commands(TyperGroup):
    """The commands by name: listed without being loaded, loaded when one is called."""

    def list_commands(self, _ctx: Any) -> list[str]:
        """Name them in their order."""
        return list(COMMANDS)

    def get_command(self, _ctx: Any, name: str) -> TyperCommand | None:
        """Give what a list or a completion shows of one."""
        return TyperCommand(name, help=COMMANDS[name][2]) if name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the one that is called, and load it."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, load(name) if name else None, rest

    def invoke(self, ctx: Any) -> Any:
        """Run it; what is refused is told in words and by the exit code."""
        with import_module("api.terminal").refusals():
            return super().invoke(ctx)


app = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Emergency command and resource dispatch on a real road network."
)


@app.callback()
def _commands() -> None:
    """Make this a group, though no command is here yet."""


def load(name: str) -> Any:
    """Import one command, or one group of them, by its name."""
    module, what, _ = COMMANDS[name]
    found = getattr(import_module(f"api.commands.{module}"), what)
    if isinstance(found, typer.Typer):
        return typer.main.get_group(found)
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return typer.main.get_command(alone)


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGTERM, _end)
    app()


def _end(number: int, _frame: object) -> None:
    """End as after Ctrl-C, so that the private cluster is stopped, too: by itself Python would die at once."""
    sys.exit(128 + number)
