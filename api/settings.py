"""Settings, read once from the environment (prefix MUSTER_) or a .env file; every one of them is used."""

from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator may set. Nothing here is a secret but `database_url`."""

    model_config = SettingsConfigDict(env_prefix="MUSTER_", env_file=".env", extra="ignore", frozen=True)

    database_url: str | None = Field(
        default=None, description="PostgreSQL with PostGIS; unset: a private cluster in `folder`", repr=False
    )
    folder: Path = Field(default=Path(".muster"), description="where the private cluster and backups live")
    host: str = Field(default="127.0.0.1", description="address that the server listens on")
    port: int = Field(default=8000, ge=0, le=65535, description="port; 0 takes a free one")
    origins: tuple[str, ...] = Field(
        default=(), description="origins of the pages behind a proxy, such as https://muster.example"
    )
    secure_cookies: bool = Field(default=False, description="send cookies over https only")
    timezone: str = Field(
        default="Asia/Shanghai", description="clock of the place: hours of the day, opening hours"
    )
    session_hours: float = Field(default=12.0, gt=0, description="life of a login")
    order_link_hours: float = Field(default=24.0, gt=0, description="life of a team's order link")
    acknowledge_within_s: int = Field(
        default=300, gt=0, description="an order unanswered for longer is overdue"
    )
    plan_time_limit_s: float = Field(default=10.0, gt=0, le=300, description="wall clock of one proposal")
    stream_life_s: float = Field(default=600.0, gt=0, description="longest life of one event stream")
    password_checks: int = Field(default=2, ge=1, description="passwords checked at once; each takes 64 MiB")

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        ZoneInfo(name)
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The clock of the place."""
        return ZoneInfo(self.timezone)
