"""A whole county out to one file, and in from it: all or nothing, looked at before."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from api.context import Context
from api.errors import InvalidError
from api.security import authorise, new_password
from api.usecases import personal
from api.usecases.acting import Done, applied, perform
from data import county, tiles
from data.county import Counts, CountyFileError
from data.frozen import sha256
from data.policies import SHIPPED as POLICY

PROGRAM = "0.1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What an import did or would do. `policy`: files that are not the same here."""

    counts: tuple[Counts, ...]
    policy: tuple[str, ...]


def write(
    ctx: Context, file: Path, *, request_id: UUID, accounts: bool, people: bool = True
) -> dict[str, int] | None:
    """Write the county to a file and tell how many rows of each table; None for a repeated request.

    An act of the journal: it tells who took names and phone numbers out. Without `people` they are masked, accounts are
    left out, and the file is for looking at alone. Raises InvalidError.
    """
    counts: dict[str, int] = {}

    def do(connection: Connection, now: datetime) -> Done:
        try:
            counts.update(
                county.write(
                    connection,
                    file,
                    policy=POLICY,
                    at=now,
                    program=PROGRAM,
                    accounts=accounts,
                    hidden=() if people else personal.FIELDS,
                )
            )
        except OSError as error:
            raise InvalidError("file_not_written", file=str(file), why=str(error.strerror)) from None
        payload = {"file": file.name, "rows": counts, "people": people}
        return Done(subject="county", id=None, payload=payload)

    arguments = {"file": file.name, "accounts": accounts, "people": people}
    perform(ctx, "county.export", request_id, arguments, do)
    return counts or None


def preview(ctx: Context, file: Path) -> Import:
    """Tell what an import would do, having done it and taken it back. Raises InvalidError."""
    authorise(ctx.actor, "county.import")
    password_hash = ctx.passwords.hash(new_password())
    now = ctx.clock()
    try:
        with ctx.world.begin() as connection, connection.begin_nested() as point:
            found = _read(ctx, connection, file, now, password_hash)
            connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
            point.rollback()
            return found
    except IntegrityError as error:
        raise _unfit(error) from None


def read(ctx: Context, file: Path, *, request_id: UUID) -> Import | None:
    """Bring a county's file in, wholly or not at all; None for a repeated request. Raises InvalidError."""
    try:
        arguments = {"sha256": sha256(county.manifest_of(file)).hex()}
    except CountyFileError as error:
        raise InvalidError(error.code, **error.details) from None
    if applied(ctx, "county.import", request_id, arguments) is not None:
        return None
    password_hash = ctx.passwords.hash(new_password())
    done: list[Import] = []

    def do(connection: Connection, now: datetime) -> Done:
        found = _read(ctx, connection, file, now, password_hash)
        done.append(found)
        tiles.bake(connection)
        rows = {one.table: {"new": one.new, "changed": one.changed} for one in found.counts}
        return Done(subject="county", id=None, payload={"file": file.name, "rows": rows})

    try:
        perform(ctx, "county.import", request_id, arguments, do)
    except IntegrityError as error:
        raise _unfit(error) from None
    return done[-1] if done else None  # an act may be tried twice


def _read(ctx: Context, connection: Connection, file: Path, now: datetime, password_hash: str) -> Import:
    try:
        counts, policy = county.read(
            connection, file, policy=POLICY, at=now, actor=ctx.actor.name, password_hash=password_hash
        )
    except CountyFileError as error:
        raise InvalidError(error.code, **error.details) from None
    return Import(counts=counts, policy=policy)


def _unfit(error: IntegrityError) -> InvalidError:
    """Name the rule of the store that the file's rows break."""
    diagnosis = getattr(error.orig, "diag", None)
    return InvalidError("county_file_unfit", rule=getattr(diagnosis, "constraint_name", None) or "")
