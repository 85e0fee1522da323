"""Files of any common format become tables of rows, streamed and within limits.

A path goes through `sources` (folders, archives and packed files become plain files), `recognise` (the
container, by its first bytes) and a reader: `csv_tables`, `json_tables` and `kml_tables` here, all binary
containers by kept libraries in a process of its own (`apart`). Nothing here knows a layer, a date or a
reference system: rows have the values of the file, and whoever asks for them gives them a meaning.

To add a container: its first bytes in `recognise`, its reader beside the others, a file of it in
``tests/ingest/containers``.
"""

from tileserver.ingest.containers.recognise import CONTAINERS
from tileserver.ingest.containers.table import Dialect, Row, Table
from tileserver.ingest.containers.tables import open_tables

__all__ = ["CONTAINERS", "Dialect", "Row", "Table", "open_tables"]
