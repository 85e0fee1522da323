"""Pictures for the press: the dated map as SVG and PNG, drawn from the very tiles and in the map's colours.

The drawing is a pure function of a `Sheet`: tiles, declared layers, words and a view in, an SVG out. A kept
rasteriser makes the PNG from that same SVG, so both say the same; it runs in a process of its own
(``python -m tileserver.picture.press``), because it holds the interpreter while it works.
"""
