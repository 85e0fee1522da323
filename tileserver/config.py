"""Settings as one table, read once from the environment into a frozen value."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tileserver.errors import BadParameter
from tileserver.setting_values import (
    Endpoint,
    addresses,
    archive,
    choice_of,
    data_folder,
    endpoint,
    file_path,
    folder,
    header_name,
    person,
    schema,
    shared_url,
    signing_secret,
    switch,
    url,
    whole,
    zoom,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """A row: the environment variable, how its text becomes a value, and its purpose."""

    name: str
    default: str
    parse: Callable[[str], Any]
    help: str
    secret: bool = False

    @property
    def attribute(self) -> str:
        """The name of the value in `Settings`."""
        return self.name.removeprefix("TILESERVER_").lower()


SETTINGS = (
    Setting("HOST", "127.0.0.1", str, "address to listen on; 0.0.0.0 is every one, :: of IPv6 too"),
    Setting("PORT", "8000", whole(0, 65535), "port to listen on"),
    Setting("WORKERS", "1", whole(1, 64), "server processes"),
    Setting(
        "DATABASE_URL",
        "",
        str,
        "an existing PostGIS, as postgresql://user:password@host/name; empty: the embedded one",
        secret=True,
    ),
    Setting(
        "DATABASE_READ_URL",
        "",
        str,
        "standbys of that PostGIS to serve from, as DATABASE_URL; empty: DATABASE_URL itself",
        secret=True,
    ),
    Setting(
        "TILESERVER_DATA_DIR",
        ".tileserver",
        data_folder,
        "where the embedded PostGIS keeps its cluster",
    ),
    Setting(
        "TILESERVER_PUBLIC_URL",
        "",
        url,
        "URL of readers, for absolute URLs in documents; empty: as asked",
    ),
    Setting(
        "TILESERVER_THEATRE",
        "",
        str,
        "the theatre shown where none is asked for; empty: the first one added that has data, samples last",
    ),
    Setting(
        "TILESERVER_CACHE_MB",
        "256",
        whole(1, 65536),
        "bound of the tile cache in memory, per process; history has a quarter more",
    ),
    Setting(
        "TILESERVER_SHELF",
        "",
        folder,
        "folder in which tiles are kept on disk for all processes, or off; empty: with the embedded database",
    ),
    Setting(
        "TILESERVER_AHEAD",
        "12",
        zoom,
        "highest zoom of which tiles are rendered ahead onto the shelf after every import, or off",
    ),
    Setting("TILESERVER_SHELF_MB", "4096", whole(1, 1 << 24), "bound of the tiles on disk"),
    Setting(
        "TILESERVER_SHARED_CACHE",
        "",
        shared_url,
        "a Valkey or Redis that machines share, or a cluster, as redis://:password@host:6379/0; empty: none",
        secret=True,
    ),
    Setting(
        "TILESERVER_CONNECTIONS",
        "4096",
        whole(8, 1 << 20),
        "connections of readers at a time, per process",
    ),
    Setting(
        "TILESERVER_CONNECTIONS_PER_ADDRESS",
        "256",
        whole(1, 1 << 20),
        "of these, from one address; trusted proxies and this machine have as many as there are",
    ),
    Setting(
        "TILESERVER_RATE",
        "500",
        whole(0, 1 << 20),
        "milliseconds of work that one address may ask for per second, and a minute's worth at once; 0: any",
    ),
    Setting(
        "TILESERVER_TRUSTED_PROXIES",
        "",
        addresses,
        "addresses and networks of proxies in front, by commas: what they say of clients is believed",
    ),
    Setting(
        "TILESERVER_FORWARDED",
        "x-forwarded",
        choice_of("x-forwarded", "forwarded"),
        "headers that these proxies write: X-Forwarded-For, -Proto, -Host, or Forwarded; others are not read",
    ),
    Setting(
        "TILESERVER_DICTIONARIES",
        "on",
        switch,
        "whether a browser that holds a tile gets its next version as the difference (RFC 9842)",
    ),
    Setting("TILESERVER_MAX_AGE", "60", whole(0, 86400), "seconds for which a dated answer may be reused"),
    Setting(
        "TILESERVER_POOL",
        "8",
        whole(1, 200),
        "database connections per process for readers; three more follow the revisions",
    ),
    Setting("TILESERVER_POOL_WAIT", "5", whole(1, 120), "seconds to wait for a connection before 503"),
    Setting("TILESERVER_STATEMENT_TIMEOUT", "15", whole(1, 600), "seconds a query for a reader may take"),
    Setting(
        "TILESERVER_SIGNING_SECRET",
        "",
        signing_secret,
        "secret of signed addresses, 32 random characters or more, the same for all processes; empty: none",
        secret=True,
    ),
    Setting(
        "TILESERVER_DRAIN",
        "0",
        whole(0, 300),
        "seconds for which a server that was told to end answers on, while /readyz says 503",
    ),
    Setting(
        "TILESERVER_LOG",
        "auto",
        choice_of("auto", "json", "text"),
        "form of the log lines on standard error; auto: text on a terminal, JSON elsewhere",
    ),
    Setting(
        "TILESERVER_METRICS",
        "",
        endpoint,
        "where Prometheus finds /metrics of all processes, not PORT: 9464, or 0.0.0.0:9464; empty: nowhere",
    ),
    Setting(
        "TILESERVER_TRACES",
        "",
        choice_of("", "otlp", "console"),
        "where traces go: otlp (OTEL_EXPORTER_OTLP_ENDPOINT says where) or console; empty: nowhere",
    ),
    Setting(
        "TILESERVER_SERVER_TIMING",
        "off",
        switch,
        "on: answers that are made anew say in Server-Timing from which tier they came, and in how many ms",
    ),
    Setting("TILESERVER_BY", "", person, "who acts, for the audit log, where no --by says; empty: the user"),
    Setting("TILESERVER_WATCH", "", str, "TOML file that says which files tileserver watch imports"),
    Setting("TILESERVER_DESK_HOST", "127.0.0.1", str, "address at which tileserver desk serve listens"),
    Setting("TILESERVER_DESK_PORT", "8001", whole(0, 65535), "port to listen on there"),
    Setting(
        "TILESERVER_DESK_URL",
        "",
        url,
        "URL at which editors reach it, without /desk, as https://maps.example.org; empty: on this machine",
    ),
    Setting("TILESERVER_DESK_PEOPLE", "", file_path, "TOML file of who may log in there; empty: nobody"),
    Setting(
        "TILESERVER_DESK_USER_HEADER",
        "",
        header_name,
        "header in which a proxy that has asked who it is names the person, as X-Forwarded-User; empty: none",
    ),
    Setting("TILESERVER_DESK_PROXIES", "", addresses, "addresses of its proxies: nobody else is believed"),
    Setting("TILESERVER_DESK_UPLOAD_MB", "512", whole(1, 65536), "bound of one uploaded file"),
    Setting(
        "TILESERVER_BASEMAP",
        "",
        archive,
        "PMTiles archive of a newsroom's own basemap, a file or a URL; empty: the basemap of the build",
    ),
    Setting(
        "TILESERVER_BASEMAP_SCHEMA",
        "",
        schema,
        "its layers: shortbread, protomaps, openmaptiles; empty: as its metadata say, of a file alone",
    ),
    Setting(
        "TILESERVER_BASEMAP_ATTRIBUTION",
        "",
        str,
        "its credit, plain text; empty: as its metadata say, of a file alone",
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Values of `SETTINGS`, in the same order; times are seconds, sizes megabytes."""

    host: str
    port: int
    workers: int
    database_url: str
    database_read_url: str
    data_dir: Path
    public_url: str
    theatre: str
    cache_mb: int
    shelf: Path | None
    ahead: int | None
    shelf_mb: int
    shared_cache: str
    connections: int
    connections_per_address: int
    rate: int
    trusted_proxies: tuple[str, ...]
    forwarded: str
    dictionaries: bool
    max_age: int
    pool: int
    pool_wait: int
    statement_timeout: int
    signing_secret: str
    drain: int
    log: str
    metrics: Endpoint | None
    traces: str
    server_timing: bool
    by: str
    watch: str
    desk_host: str
    desk_port: int
    desk_url: str
    desk_people: Path | None
    desk_user_header: str
    desk_proxies: tuple[str, ...]
    desk_upload_mb: int
    basemap: str
    basemap_schema: str
    basemap_attribution: str


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Return every setting; `BadParameter` names a setting whose value cannot be, and the values that can."""
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        text = environ.get(setting.name, "") or setting.default
        try:
            values[setting.attribute] = setting.parse(text)
        except ValueError as error:
            shown = "(secret)" if setting.secret else repr(text)
            raise BadParameter(f"{setting.name} is {shown}; it must be {error}") from error
    if not environ.get("TILESERVER_SHELF") and not values["database_url"]:
        values["shelf"] = values["data_dir"] / "tiles"
    settings = Settings(**values)
    if settings.metrics and settings.metrics.port == (port := settings.port):
        raise BadParameter(f"TILESERVER_METRICS is at port {port}, which is PORT; it must be another")
    if "://" in settings.basemap and not (settings.basemap_schema and settings.basemap_attribution):
        raise BadParameter(
            "TILESERVER_BASEMAP is a URL, which the server does not read: TILESERVER_BASEMAP_SCHEMA and"
            " TILESERVER_BASEMAP_ATTRIBUTION must say what it is"
        )
    return settings
