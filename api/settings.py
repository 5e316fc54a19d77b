"""Settings, read once from the environment (prefix MUSTER_) or a .env file; every one of them is used."""

from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from data.cluster import usable_folder

BESIDE = Path(__file__).resolve().parents[1] / ".muster"
"""The folder in the checkout: the same one wherever `muster` is called from."""


ONLINE_MAPS = ("tianditu_vector", "tianditu_image", "tianditu_terrain")
"""Online maps that are known by name."""


class Settings(BaseSettings):
    """What an operator may set. Secrets here: `database_url`, and all whose names end in token, key or secret."""

    model_config = SettingsConfigDict(env_prefix="MUSTER_", env_file=".env", extra="ignore", frozen=True)

    database_url: str | None = Field(
        default=None, description="PostgreSQL with PostGIS; unset: a private cluster in `folder`", repr=False
    )
    folder: Path = Field(
        default_factory=lambda: usable_folder(BESIDE),
        description="where the private cluster lives; unset: `.muster` in the checkout if a server can work there",
    )
    host: str = Field(default="127.0.0.1", description="address that the server listens on")
    port: int = Field(default=8600, ge=0, le=65535, description="port; 0 takes a free one")
    workers: int = Field(
        default=1, ge=1, le=64, description="processes that serve; each holds the roads in its own memory"
    )
    connections: int = Field(
        default=10, ge=1, description="database connections that one process keeps; as many again in a rush"
    )
    origins: tuple[str, ...] = Field(
        default=(), description="origins of the pages behind a proxy, such as https://muster.example"
    )
    secure_cookies: bool = Field(default=False, description="send cookies over https only")
    timezone: str = Field(
        default="Asia/Shanghai", description="clock of the place: hours of the day, opening hours"
    )
    session_hours: float = Field(default=12.0, gt=0, description="life of a login")
    session_idle_minutes: float = Field(
        default=60.0, gt=0, description="a login ends when no page of it has asked for anything so long"
    )
    client_header: str | None = Field(
        default=None,
        description="header in which a trusted proxy tells the client's address, such as X-Forwarded-For; unset: none",
    )
    order_link_hours: float = Field(default=24.0, gt=0, description="life of a team's order link")
    plan_time_limit_s: float = Field(default=10.0, gt=0, le=300, description="wall clock of one proposal")
    plan_first_s: float = Field(
        default=1.0,
        gt=0,
        le=60,
        description="wall clock of the first plan on a page; its proof goes on after",
    )
    keep_made_days: float = Field(
        default=30.0, gt=0, description="how long atlases, marked workbooks and uploads are kept in `folder`"
    )
    online_map: str | None = Field(
        default=None,
        description="tianditu_vector, tianditu_image, tianditu_terrain, or an address with {z}, {x}, {y} and {key}; unset: none",
    )
    online_map_key: str | None = Field(default=None, description="key of the online map", repr=False)
    stream_life_s: float = Field(default=600.0, gt=0, description="longest life of one event stream")
    log_form: Literal["json", "console"] = Field(default="json", description="form of the log on stderr")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="what is logged; info has one line a request"
    )
    metrics_token: str | None = Field(
        default=None,
        min_length=16,
        repr=False,
        description="bearer token that /metrics asks for; unset: it answers this machine only",
    )
    archive: Path | None = Field(
        default=None, description="folder of backups and of the write-ahead log; unset: `archive` in `folder`"
    )
    keep_backups: int = Field(default=7, ge=1, description="backups of each kind that are kept")
    password_checks: int = Field(default=2, ge=1, description="passwords checked at once; each takes 64 MiB")

    positions_kept_days: float = Field(
        default=30.0, gt=0, le=3650, description="fixes of teams and vehicles older than this are deleted"
    )
    position_batches_per_minute: int = Field(
        default=60, ge=1, le=6000, description="batches of fixes that one telephone or tracker may send"
    )
    post_phone: str = Field(
        default="", max_length=40, description="telephone of the command post, shown on order links"
    )

    call_webhook: str | None = Field(
        default=None,
        description="address that calls are sent to, such as https://sms.example/calls; unset: screens alone",
    )
    call_secret: str | None = Field(
        default=None,
        min_length=16,
        repr=False,
        validate_default=True,
        description="what calls on the webhook are signed with; wanted with call_webhook",
    )
    call_answer_token: str | None = Field(
        default=None,
        min_length=16,
        repr=False,
        description="bearer token that answers from the webhook's side carry; unset: none are taken",
    )

    @field_validator("database_url")
    @classmethod
    def _driven_by_psycopg(cls, address: str | None) -> str | None:
        """Take an address as PostgreSQL's own programs write it, too."""
        if address is None:
            return None
        try:
            url = make_url(address)
        except ArgumentError:
            raise ValueError("not an address like postgresql://user:password@host/database") from None
        if url.drivername.partition("+")[0] not in {"postgresql", "postgres"}:
            raise ValueError(f"{url.drivername} is not PostgreSQL")
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)

    @field_validator("call_webhook")
    @classmethod
    def _call_address(cls, address: str | None) -> str | None:
        if not address:
            return None
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.fragment:
            raise ValueError("not an http address without a user's name in it")
        return address

    @field_validator("call_secret")
    @classmethod
    def _signed(cls, secret: str | None, others: ValidationInfo) -> str | None:
        if secret is None and others.data.get("call_webhook") is not None:
            raise ValueError(
                "wanted with MUSTER_CALL_WEBHOOK: calls that are not signed can be trusted by nobody"
            )
        return secret

    @field_validator("online_map")
    @classmethod
    def _map_address(cls, name: str | None) -> str | None:
        if not name:
            return None
        if name in ONLINE_MAPS:
            return name
        if not name.startswith(("http://", "https://")) or not all(
            sign in name for sign in ("{z}", "{x}", "{y}")
        ):
            raise ValueError(
                f"not one of {', '.join(ONLINE_MAPS)}, nor an http address with {{z}}, {{x}} and {{y}}"
            )
        return name

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{name!r} is not a time zone like Asia/Shanghai") from None
        return name

    @property
    def backups(self) -> Path:
        """Where backups lie."""
        return self.archive or self.folder / "archive"

    @property
    def positions_kept(self) -> timedelta:
        """How long fixes are kept."""
        return timedelta(days=self.positions_kept_days)

    @property
    def elsewhere(self) -> bool:
        """Whether nobody chose the folder and the one in the checkout could not be used."""
        return "folder" not in self.model_fields_set and self.folder != BESIDE

    @property
    def zone(self) -> ZoneInfo:
        """The clock of the place."""
        return ZoneInfo(self.timezone)
