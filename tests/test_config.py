"""Settings are one table: every value comes from it, and what cannot be is refused by name."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from tileserver.config import SETTINGS, Settings, read_settings
from tileserver.errors import BadParameter
from tileserver.setting_values import misspelt


def test_the_table_and_the_value_have_the_same_rows() -> None:
    assert [setting.attribute for setting in SETTINGS] == [field.name for field in fields(Settings)]


def test_every_default_can_be_read() -> None:
    settings = read_settings({})
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 1)
    assert settings.data_dir == Path(".tileserver")


def test_an_empty_variable_is_the_default() -> None:
    assert read_settings({setting.name: "" for setting in SETTINGS}) == read_settings({})


def test_a_variable_overrides_its_default() -> None:
    changed = read_settings(
        {"PORT": "9000", "TILESERVER_PUBLIC_URL": "https://maps.example/", "TILESERVER_LOG": "text"}
    )
    assert (changed.port, changed.public_url, changed.log) == (9000, "https://maps.example", "text")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "-1"), ("PORT", "65536"), ("PORT", "٨٠٠٠"), ("PORT", "8000.0"), ("PORT", " 8000"),
        ("WORKERS", "0"), ("TILESERVER_POOL", "many"), ("TILESERVER_CACHE_MB", "0"),
        ("TILESERVER_PUBLIC_URL", "maps.example"), ("TILESERVER_PUBLIC_URL", "javascript:alert(1)"),
        ("TILESERVER_FORWARDED", "both"),
        ("TILESERVER_LOG", "xml"), ("TILESERVER_MAX_AGE", "1e3"), ("TILESERVER_POOL_WAIT", "0"),
        ("TILESERVER_SHARED_CACHE", "cache:6379"), ("TILESERVER_SHARED_CACHE", "http://cache"),
        ("TILESERVER_SHARED_CACHE", "redis://"), ("TILESERVER_SHARED_CACHE", "redis://h:0/"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name_with_what_would_do(name: str, text: str) -> None:
    with pytest.raises(BadParameter, match=rf"^{name} is .*; it must be (a|one of) "):
        read_settings({name: text})


@pytest.mark.parametrize("text", ["9000", "0.0.0.0:9000", "[::1]:9000"])
def test_figures_and_readers_have_a_port_each(text: str) -> None:
    message = "TILESERVER_METRICS is at port 9000, which is PORT; it must be another"
    with pytest.raises(BadParameter, match=f"^{message}$"):
        read_settings({"PORT": "9000", "TILESERVER_METRICS": text})
    assert read_settings({"PORT": "0", "TILESERVER_METRICS": text}).metrics is not None


def test_what_may_hold_a_password_is_marked_secret() -> None:
    secret = {setting.name for setting in SETTINGS if setting.secret}
    assert secret == {
        "DATABASE_URL",
        "DATABASE_READ_URL",
        "TILESERVER_SHARED_CACHE",
        "TILESERVER_SIGNING_SECRET",
    }
    assert read_settings({"DATABASE_URL": "postgresql://u:hunter2@h/d"}).database_url.endswith("/d")


def test_a_password_is_in_no_message_about_its_setting() -> None:
    for name in ("redis//:hunter2@h", "redis://:hunter2@h:99999"):
        with pytest.raises(BadParameter) as refused:
            read_settings({"TILESERVER_SHARED_CACHE": name})
        assert "hunter2" not in str(refused.value)


def test_every_setting_says_what_it_is_for() -> None:
    assert all(len(setting.help) > 10 and "|" not in setting.help for setting in SETTINGS)
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TILESERVER_PORT", "PORT"),
        ("TILESERVER_DATABASE_URL", "DATABASE_URL"),
        ("TILESERVER_DATADIR", "TILESERVER_DATA_DIR"),
        ("TILESERVER_SHARED", ""),
        ("TILESERVER_TEST_KEPT", ""),
        ("TILESERVER_PUBLISH", ""),
        ("TILESERVER_DATA_DIR", ""),
        ("PORTT", ""),
    ],
)
def test_a_name_that_is_near_a_setting_and_none_is_told_with_what_was_meant(name: str, meant: str) -> None:
    told = misspelt([name, "PORT", "PATH"], [setting.name for setting in SETTINGS])
    assert told == ([f"{name} is no setting; did you mean {meant}?"] if meant else [])


def test_a_setting_that_may_be_nothing_says_so() -> None:
    with pytest.raises(BadParameter, match=r"it must be one of nothing, otlp, console$"):
        read_settings({"TILESERVER_TRACES": "zipkin"})
