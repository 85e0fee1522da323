"""What docker/compose.yaml says."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML

from tests.conftest import ROOT

COMPOSE = ROOT / "docker" / "compose.yaml"


def services() -> dict[str, Any]:
    """The services, by name."""
    found: dict[str, Any] = YAML(typ="safe").load(COMPOSE)["services"]
    return found
