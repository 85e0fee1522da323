"""Theatre definitions, shipped or in a file of the desk's own, and the land on which their fronts run."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from tileserver.complaints import explain, near_miss
from tileserver.errors import BadParameter, UnknownTheatre
from tileserver.grid import BoundsLonLat
from tileserver.model import Layer, Theatre
from tileserver.theatres.check import check_theatre
from tileserver.theatres.land import read_land
from tileserver.theatres.mappings import with_mapping

SAMPLES = ("western-front", "ukraine-sample")  # the last one is what a newcomer sees first
_LAND = re.compile(r"(?:[a-z0-9][a-z0-9_-]*/)?[a-z0-9][a-z0-9_-]*\.geojson\Z")


def shipped() -> tuple[str, ...]:
    """Return the ids of the shipped definitions, in alphabetical order."""
    return tuple(sorted(file.name.removesuffix(".toml") for file in _folder() if file.name.endswith(".toml")))


def load_theatre(id_or_path: str) -> Theatre:
    """Load the shipped definition of that id, or the TOML file of that path.

    Raises `UnknownTheatre` where there is neither, and `BadParameter` for a definition that does not
    hold together, naming the file and the place in it.
    """
    if id_or_path in shipped():
        return _parse(_file(f"{id_or_path}.toml").read_text("utf-8"), f"{id_or_path}.toml", None)
    path = Path(id_or_path)
    if not path.is_file():
        raise UnknownTheatre(
            f"there is no theatre {id_or_path[:80]!r}{near_miss(id_or_path, shipped())};"
            f" shipped are {', '.join(shipped())},"
            " any other is the path of a TOML file"
        )
    try:
        return _parse(path.read_text("utf-8"), path.name, path.parent)
    except (OSError, UnicodeDecodeError) as error:
        raise BadParameter(f"{path.name} cannot be read as text in UTF-8: {error}") from error


def load_lands(theatre: Theatre, layer: Layer) -> dict[str, bytes]:
    """Return whose land is where for a derived *layer*: side to a GeoJSON geometry, lon/lat.

    Those of one's own are kept with the definition, so that a theatre read back from the database has them
    wherever that is; the others are shipped, and named by the definitions.

    ``ukraine_land.geojson`` is the land of Ukraine of Natural Earth 1:10m (public domain; npm
    ``world-atlas`` 2.0.2, ``countries-10m.json``): "Ukraine" united with the one polygon of "Russia" that
    lies within 32-36.8 E, 44-46.4 N, which is Crimea; four decimals.

    ``ukraine_shore_land.geojson`` and ``russia_border_land.geojson`` are OpenStreetMap's of 2017 (ODbL 1.0;
    npm ``@geo-maps/countries-land-100m``): Ukraine with Crimea, without the waters between 31.3 and 35.65 E,
    south of 47.6 N (``@geo-maps/earth-waterbodies-250m``); and Russia within about 100 km of it, without
    Crimea. Both thinned together to 0.003 degrees, so that they share their border; four decimals, without
    islands and lakes under 0.0003 square degrees.
    """
    if layer.derived is None:
        raise BadParameter(f"{theatre.id}.{layer.name} is not derived, and needs no land")
    found = {side: text.encode() for side, text in layer.derived.outlines.items()}
    for side, name in layer.derived.land.items():
        if side in found:
            continue
        if not _LAND.match(name) or not _file(name).is_file():
            raise BadParameter(
                f"{theatre.id}.{layer.name}: no land file {name[:80]!r} is beside the definition or shipped;"
                " its path is relative to the definition's"
            )
        found[side] = _file(name).read_bytes()
    return dict(sorted(found.items()))


def _parse(text: str, name: str, folder: Path | None) -> Theatre:
    try:
        theatre = msgspec.convert(tomllib.loads(text), Theatre)
        check_theatre(theatre)
        layers = tuple(with_mapping(_with_land(layer, theatre, folder), folder) for layer in theatre.layers)
    except msgspec.ValidationError as error:
        raise BadParameter(f"{name}, {explain(error, text, Theatre)}") from error
    except (tomllib.TOMLDecodeError, BadParameter) as error:
        raise BadParameter(f"{name}: {error}") from error
    return msgspec.structs.replace(theatre, layers=layers)


def _with_land(layer: Layer, theatre: Theatre, folder: Path | None) -> Layer:
    """Return *layer* with the land of its own that lies in *folder*; any other has to be shipped."""
    if layer.derived is None:
        return layer
    outlines = dict(layer.derived.outlines)
    for side, name in layer.derived.land.items():
        own = folder / name if folder else None
        if own is not None and side not in outlines and own.is_file():
            outlines[side] = read_land(own, BoundsLonLat(*theatre.bounds))
    whole = msgspec.structs.replace(layer, derived=msgspec.structs.replace(layer.derived, outlines=outlines))
    load_lands(theatre, whole)
    return whole


def _folder() -> list[Traversable]:
    return list(resources.files(__name__).iterdir())


def _file(name: str) -> Traversable:
    return resources.files(__name__).joinpath(name)
