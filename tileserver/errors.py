"""Every error this project raises, drawn as a tree and mapped once to HTTP status and exit code.

::

    TileserverError              our bug or unknown          -> 500, exit 1
    |-- StoredUnreadable         a row of the database that this code cannot have written
    |-- BadRequest               the caller can mend it      -> 400, exit 2
    |   |-- BadParameter             unknown, repeated or malformed parameter, address or setting; also a
    |   |   |                        revision, a held import or a reader that there is not: they are asked for
    |   |   |                        by parameters
    |   |   `-- BadInstant           a ``datetime`` that names no instant
    |   |       |-- UnfitInstant         words in no form that is declared; another column may say it
    |   |       `-- EndlessInstant       a date of the year 9999: no end as an end, absurd as a beginning
    |   `-- NotFound                                         -> 404, exit 2
    |       |-- UnknownTheatre       no theatre of that name, in the database or among those shipped
    |       |-- UnknownLayer         the theatre has no such layer
    |       |-- UnknownTileset       neither a theatre nor ``theatre.layer``
    |       |-- UnknownStyle         no style of that name
    |       |-- UnknownPicture       no such form of a picture, or no public map of its day
    |       |-- UnknownPage          no page of ours has that address
    |       |-- UnknownVersion       no public content of a tile has that name
    |       |-- UnknownPeriod        no public period of history has that name
    |       |-- UnknownState         no public state has that name
    |       |-- UnknownBand          no band of zooms begins there
    |       |-- NothingMeasured      no areas with statuses, so neither km2 nor comparisons
    |       `-- AddressOutside       a tile address outside the matrix, however large or negative, or a zoom
    |                                outside the tileset's
    |-- TooManyAtOnce            one address or person has as much under way as may be -> 429, exit 2
    |-- NotOffered               a form that is known and not made here -> 501, exit 2
    |-- ImportFailed             the file can be mended      -> 422, exit 1
    |   |-- UnreadableSource         not a file of the declared format
    |   |-- HostileSource            over a limit: a bomb, a path that escapes, an absurd size
    |   `-- HeldBack                 an import that was held back no longer fits what is known now
    `-- Unavailable              the operator can mend it    -> 503, exit 3
        |-- StoreUnavailable         the database is away or slow
        |   |-- StoreBusy            no connection within the deadline; try again
        |   |-- StoreFull            the disk under the database has no room left
        |   |-- BadAddress           the setting is no address of a database
        |   `-- LayerUnavailable     one layer cannot be read, or is not up to date; the others are served
        |-- SchemaMismatch           the database is newer than the code, or was never migrated
        |-- ClusterUnavailable       the embedded PostGIS cannot be started here
        `-- ShelfUnavailable         the tiles on disk cannot be opened, or there is no room for more

Codes stand beside the class from which they are inherited. A class names the thing that is wrong, and so
does its title, which readers see as the ``title`` of the answer and before the message of a command: a new
thing that can be unknown gets a class of its own under `NotFound`. The table in docs/answers.md
lists every title; a test holds both to this module.

A message says what, which, and what would do. Only messages of this tree reach a caller; anything else is
logged with a request id and answered with that id alone.
"""

from __future__ import annotations

from typing import ClassVar


class TileserverError(Exception):
    """Root of the tree."""

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    title: ClassVar[str] = "Internal error"


class StoredUnreadable(TileserverError):
    """A row of the database that this code cannot have written."""

    title = "Unreadable row"


class BadRequest(TileserverError):
    """A question that the caller can mend."""

    status = 400
    exit_code = 2
    title = "Bad request"


class BadParameter(BadRequest):
    """A parameter, address or setting is unknown, repeated or malformed."""

    title = "Bad parameter"


class BadInstant(BadParameter):
    """A ``datetime`` that names no instant, day or interval."""

    title = "Bad datetime"


class EndlessInstant(BadInstant):
    """A date of the year 9999, with which databases and services write that there is no end."""

    title = "Datetime without end"


class UnfitInstant(BadInstant):
    """Words that are no date in any form that is declared; another column may say the date."""

    title = "Datetime in no declared form"


class NotFound(BadRequest):
    """A thing asked for by its name or address does not exist."""

    status = 404
    title = "Not found"


class UnknownTheatre(NotFound):
    """No theatre of that name, in the database or among the shipped definitions."""

    title = "Unknown theatre"


class UnknownLayer(NotFound):
    """The theatre has no such layer."""

    title = "Unknown layer"


class UnknownTileset(NotFound):
    """A name that is neither a theatre's nor ``theatre.layer``."""

    title = "Unknown tileset"


class UnknownStyle(NotFound):
    """No style of that name."""

    title = "Unknown style"


class UnknownPicture(NotFound):
    """No such form of a picture, or no public map of its day."""

    title = "Unknown picture"


class UnknownPage(NotFound):
    """No page of ours has that address."""

    title = "Unknown page"


class UnknownVersion(NotFound):
    """No public content of a tile has that name."""

    title = "Unknown version"


class UnknownPeriod(NotFound):
    """No public period of history has that name."""

    title = "Unknown period"


class UnknownState(NotFound):
    """No public state has that name."""

    title = "Unknown state"


class UnknownBand(NotFound):
    """No band of zooms begins there."""

    title = "Unknown band"


class NothingMeasured(NotFound):
    """The tileset has no areas with statuses, so neither km2 nor comparisons."""

    title = "Nothing measured"


class AddressOutside(NotFound):
    """A tile address outside the tile matrix or the tileset's zooms."""

    title = "Address outside the tile matrix"


class TooManyAtOnce(TileserverError):
    """A request beyond the costly work, or the waiting files, allowed to an address, person or theatre."""

    status = 429
    exit_code = 2
    title = "Too many at once"


class NotOffered(TileserverError):
    """A form of an answer that is known and not made here."""

    status = 501
    exit_code = 2
    title = "Not offered"


class ImportFailed(TileserverError):
    """A file that can be mended; nothing in the file became public."""

    status = 422
    exit_code = 1
    title = "Import failed"


class UnreadableSource(ImportFailed):
    """Not a file of the declared format."""

    title = "Unreadable source"


class HostileSource(ImportFailed):
    """A file over a limit of `ingest.limits`."""

    title = "Source over a limit"


class HeldBack(ImportFailed):
    """An import that was held back cannot be accepted as shown; the desk has to look again."""

    title = "Held back"


class Unavailable(TileserverError):
    """A fault that the operator can mend."""

    status = 503
    exit_code = 3
    title = "Service unavailable"


class StoreUnavailable(Unavailable):
    """The database is away or did not answer in time."""

    title = "Database unavailable"


class StoreBusy(StoreUnavailable):
    """No database connection, or place in a lane, became free within the deadline."""

    title = "Server busy"


class StoreFull(StoreUnavailable):
    """The disk under the database has no room left; unfinished work is undone."""

    title = "Disk full"


class BadAddress(StoreUnavailable):
    """The setting is no address of a database; to wait would not help."""

    title = "Database unavailable"


class LayerUnavailable(StoreUnavailable):
    """One layer cannot be read, or its public part is not known; the others are served."""

    title = "Layer unavailable"


class SchemaMismatch(Unavailable):
    """The database's schema is not the one this code was written for."""

    title = "Schema mismatch"


class ClusterUnavailable(Unavailable):
    """The embedded PostGIS cannot be started on this machine."""

    title = "Embedded PostGIS unavailable"


class ShelfUnavailable(Unavailable):
    """The tiles on disk cannot be opened, or there is no room for more."""

    title = "Tiles on disk unavailable"


def cause_of(error: BaseException) -> str:
    """Return the cause of *error* for the operator's log; nothing where there is none."""
    return "" if error.__cause__ is None else repr(error.__cause__)
