"""Archives of tiles as files, PMTiles and MBTiles: whole, or the difference from an earlier archive.

::

    excerpt.py     which tiles, in which order        metadata.py   words of an archive
    areas.py       parts of a map by name
    pmtiles.py     PMTiles 3, written and read        mbtiles.py    MBTiles 1.3, written and read
    archive.py     tiles into a file, all or nothing  delta.py      what changed, and a base with that
    making.py      one export, into a file or folder  container.py  what both formats have in common
    opened.py      tiles with their points apart, for deltas
    workplace.py   where an export works, and goes on after it was cut off
    pack.py        an archive with all that draws it, for apps

Tiles are asked of the services that answer readers, so an archive holds the bytes of their answers, and
nothing that is not public.
"""
