"""Archives of tiles as files: PMTiles and MBTiles.

::

    excerpt.py     which tiles, in which order       metadata.py   words of an archive
    pmtiles.py     PMTiles 3, written and read        mbtiles.py    MBTiles 1.3, written and read

Tiles are asked of the services that answer readers, so an archive holds the bytes of their answers, and
nothing that is not public.
"""
