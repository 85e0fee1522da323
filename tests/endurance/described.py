"""Requests drawn from the OpenAPI document of a real server by schemathesis, and answers held to it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias
from urllib.request import urlopen

from tests.conftest import ROOT
from tileserver.grid import TileAddress, address_at

SCHEMATHESIS = ROOT / ".venv" / "tools" / "bin" / "schemathesis"
# Whatever is sent, valid or not, the answer is one that is described. A parameter that is refused although it
# fits its schema, such as a revision that does not exist, is no fault.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)

# From a path to a document, or to the ``Content-Location`` of what is there.
Get: TypeAlias = Callable[[str], Any]
Values: TypeAlias = dict[str, list[Any]]


def ask(port: int, seconds: float, folder: Path, program: Path = SCHEMATHESIS) -> list[str]:
    """Ask the server at *port* for *seconds*, and print what schemathesis does; return what was wrong.

    The document, `described.json`, and the report, `report.json`, are in *folder*, absolute.
    """
    base = f"http://127.0.0.1:{port}"

    def get(path: str) -> Any:
        with urlopen(base + path, timeout=60) as answer:
            kind = answer.headers.get_content_type()
            return json.load(answer) if kind.endswith("json") else answer.headers["Content-Location"]

    folder.mkdir(exist_ok=True)
    described, report = folder / "described.json", folder / "report.json"
    document = with_values(get("/api"), there(get) | {"url": [f"{base}/", f"{base}/embed"]})
    described.write_text(json.dumps(document), "utf-8")
    command = [
        *(str(program), "run", str(described), f"--url={base}", "--phases=coverage,fuzzing"),
        *(f"--checks={','.join(CHECKS)}", f"--max-time={round(seconds)}", "--continue-on-failure"),
        *("--max-failures=40", "--request-timeout=60", "--report=json", f"--report-json-path={report}"),
    ]
    done = subprocess.run(command, check=False, cwd=folder)
    return [f"schemathesis found faults in what /api describes: {report}"] if done.returncode else []


def there(get: Get) -> Values:
    """Return values of parameters, by name, that lead to something on the server that *get* asks.

    Without them nearly every drawn request is for a tileset, a period or a version that does not exist.
    """
    newest = max(get("/tilesets")["tilesets"], key=lambda each: each["time"]["last_day"] or "")
    name = newest["id"]
    document = get(f"/tilesets/{name}")
    time, (lon, lat, _) = document["time"], document["center"]
    some = [address_at(lon, lat, zoom) for zoom in (5, 6, 7)]
    versions = [get(f"/tiles/{name}/{each}.mvt").split("/")[3] for each in some]
    days = [time["last_day"], time["default"], time["first_day"]]
    return {
        **{key: [name] for key in ("tileset", "collectionId", "style", "theatre")},
        **dict.fromkeys(("when", "datetime", "from", "to"), days),
        **_columns(some),
        "version": versions,
        "period": [each["id"] for each in time["history"]["periods"]],
        "revision": [1, time["revision"]],
    }


def with_values(document: dict[str, Any], values: Values) -> dict[str, Any]:
    """Return the OpenAPI *document* with *values*, or else its examples, as a half of what is drawn."""
    for path in document["paths"].values():
        for each in path["get"]["parameters"]:
            example = [each["example"]] if "example" in each else []
            if known := values.get(each["name"], example):
                each["schema"] = {"anyOf": [{"enum": known}, each["schema"]]}
    return document


def _columns(some: list[TileAddress]) -> Values:
    levels, columns, rows = zip(*((each.z, each.x, each.y) for each in some), strict=True)
    return {
        **{"z": list(levels), "x": list(columns), "y": list(rows)},
        **{"tileMatrix": [str(each) for each in levels], "tileCol": list(columns), "tileRow": list(rows)},
    }
