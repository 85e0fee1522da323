"""What becomes of broken and hostile files, small and literally large: ``python -m tests.bench.hostile``.

Each file is read by a process of its own, up to what an import would write. The table has the outcome in the
words that a desk is shown, seconds of the processor with those of the processes in which libraries read
binary containers, and the largest resident set of either.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import msgspec
import numpy as np
import rich.box
import shapely
import typer
from rich.console import Console
from rich.table import Table

from tests.bench.intake import measured
from tests.bench.servers import ROOT
from tests.broken import (
    CSV,
    HERE,
    LONLAT,
    MAPPING,
    MB,
    ONE_BAD_ROW,
    REFUSED,
    WRONG_PRJ,
    Build,
    collection,
    gdal,
    written,
)
from tests.ingest.mapping.tables import control, events, plan
from tests.shapes import theatre
from tileserver.desk.prepare import Preparer
from tileserver.errors import TileserverError
from tileserver.ingest import Report
from tileserver.ingest.mapping.opening import open_source
from tileserver.ingest.mapping.reader import read_features

BOMB = 3072 * MB  # of zeros, more than is unpacked of one file


def _zip_bomb(folder: Path) -> Path:
    with (
        zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("a.csv", "w", force_zip64=True) as member,
    ):
        for _ in range(BOMB // (16 * MB)):
            member.write(bytes(16 * MB))
    return folder / "a.zip"


def _many_members(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for number in range(100_001):
            archive.writestr(f"{number}.csv", b"")
    return folder / "a.zip"


def _tar_bomb(folder: Path) -> Path:
    info = tarfile.TarInfo("a.csv")
    info.size = BOMB
    zeros = gzip.compress(bytes(16 * MB))  # members of gzip may follow each other (RFC 1952, 2.2)
    with (folder / "a.tar.gz").open("wb") as stream:
        stream.write(gzip.compress(info.tobuf()))
        for _ in range(BOMB // (16 * MB)):
            stream.write(zeros)
    return folder / "a.tar.gz"


def _gzip_bomb(folder: Path) -> Path:
    zeros = gzip.compress(bytes(16 * MB))
    (folder / "a.csv.gz").write_bytes(gzip.compress(CSV.encode()) + zeros * (BOMB // (16 * MB)))
    return folder / "a.csv.gz"


def _ring(vertices: int) -> Any:
    turns = np.linspace(0, 2 * np.pi, vertices)
    return shapely.Polygon(np.column_stack([35 + 3 * np.cos(turns), 48 + 2 * np.sin(turns)]))


def _area(vertices: int) -> str:
    found = json.loads(HERE)
    found["geometry"] = json.loads(shapely.to_geojson(_ring(vertices)))
    found["properties"]["status"] = "occupied"
    return json.dumps(found)


def _lines(vertices: int) -> Build:
    """Three areas, the second one of so many vertices."""

    def build(folder: Path) -> Path:
        texts = [_area(4), _area(vertices), _area(4)]
        return written("areas.geojsonl", "\n".join(texts))(folder)

    return build


def _long(name: str, text: str) -> Build:
    """The file of *text*, in which LONG stands for 100 MB, that are made when the file is."""

    def build(folder: Path) -> Path:
        (folder / name).write_text(text.replace("LONG", "x" * (100 * MB)), "utf-8")
        return folder / name

    return build


def _nested(folder: Path) -> Path:
    (folder / "a.json").write_bytes(b"[" * 50_000_000)
    return folder / "a.json"


def _large_rows(folder: Path) -> Path:
    return gdal("GPKG", "a.gpkg", [_ring(4), _ring(4), _ring(1_200_001)])(folder)


LARGE: dict[str, tuple[Build, str]] = {
    "zip of 3 GB of zeros": (_zip_bomb, LONLAT),
    "zip of 100,001 files": (_many_members, LONLAT),
    "tar.gz of 3 GB of zeros": (_tar_bomb, LONLAT),
    "gz of 3 GB of zeros": (_gzip_bomb, LONLAT),
    "line of 100 MB, csv": (_long("a.csv", CSV + "2023-05-14,battle,LONG,37,48\n"), LONLAT),
    "text of 100 MB, geojson": (_long("a.geojson", collection(HERE.replace("Here", "LONG"))), ""),
    "line of 100 MB, lines": (_long("a.geojsonl", f"{HERE}\n{HERE.replace('Here', 'LONG')}\n"), ""),
    "nesting of 50 million, json": (_nested, ""),
    "a million vertices, geojson": (_lines(1_000_001), ""),
    "200,000 vertices, geojson": (_lines(200_001), ""),
    "a million vertices, gpkg": (_large_rows, ""),
}


def main(
    one: Annotated[str, typer.Option(hidden=True)] = "",
    folder: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Read each file, and print the outcome with seconds and memory."""
    small = {name: (build, more) for name, (build, more, _) in (REFUSED | ONE_BAD_ROW).items()}
    every = small | {"wrong .prj": (WRONG_PRJ, "")} | LARGE
    if one:
        sys.stdout.buffer.write(msgspec.json.encode(_read(Path(folder), every[one][1])))
        return
    table = Table(title="Broken and hostile", title_justify="left", box=rich.box.SIMPLE)
    for column in ("file", "kB", "CPU s", "MB", "apart"):
        table.add_column(column, justify="left" if column == "file" else "right")
    table.add_column("outcome", overflow="fold")
    for name, (build, _) in every.items():
        with TemporaryDirectory(prefix="tileserver-hostile-") as room:
            path = build(Path(room))
            found = _apart(name, path)
            cost = (found["seconds"], found["own_kb"] / 1024, found["apart_kb"] / 1024)
            size = path.stat().st_size / 1024
            table.add_row(name, f"{size:,.0f}", *(f"{each:.1f}" for each in cost), found["outcome"])
    Console(width=180).print(table)


def _apart(name: str, path: Path) -> dict[str, Any]:
    asked = [sys.executable, "-m", "tests.bench.hostile", "--one", name, "--folder", str(path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(asked, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = msgspec.json.decode(done.stdout)
    return found


def _read(path: Path, more: str) -> dict[str, Any]:
    """Return what becomes of the file; areas go into a layer of areas."""
    layer, toml = events("text"), MAPPING + more
    if path.name.startswith("areas"):
        layer, toml = control(), MAPPING.replace('"kind"', '"status"')
    way, report = plan(toml, layer), Report()
    preparer = Preparer(theatre(layer), layer, report)

    def read() -> str:
        try:
            features = list(read_features(open_source(path, way.dialect), way, report))
        except TileserverError as error:
            return f"refused: {error}"
        taken = sum(preparer.prepare(each) is not None for each in features)
        aside = [f"{each.origin}: {each.raw[:160]}" for each in report.quarantined[:1]]
        return f"{taken} taken, {report.total('quarantined')} put aside: {' '.join(aside)}"

    outcome, cost = measured(read)
    return {"outcome": outcome[:240].replace("\0", "␀")} | cost


if __name__ == "__main__":
    typer.run(main)
