"""Settings of the embedded PostgreSQL, given at every start; the file that initdb wrote stays as made."""

from __future__ import annotations

PORT = "5432"  # names the socket, nothing else

SETTINGS = {
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",  # costs more than a tile
    "wal_level": "minimal",  # nobody follows this server
    "max_wal_senders": "0",
    "min_wal_size": "32MB",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}
RECKLESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def server_flags(durable: bool, **more: str) -> list[str]:
    """The settings as options of `postgres`; not `durable` is for data that a power cut may take."""
    settings = SETTINGS | more | ({} if durable else RECKLESS)
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
