"""Tiles at an instant, and the ground that histories of periods and comparisons stand on, too.

All three products have one shape, and none goes through another::

    question   --locate-->   located             --answer-->   answer
    typed,                   the content it means,             `cache.Answer`: body, cache key,
    checked                  without a query                   and whether it was in memory

    Question                 locate.Located                    tiles at an instant  (tiles/service.py)
    tileset, text            periods.HistoryPeriod             tiles of a period    (history/service.py)
    tileset, two EndQuestion two ends.End                      comparisons          (compare/service.py)

What is located depends on the revision, and on the horizon: it is worked out for each request. What is
answered does not: a located content has the same bytes for ever, so its cache key is never invalidated. All
three ask `current.Current` for the catalogue, the clock and connections.
"""
