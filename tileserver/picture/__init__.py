"""Pictures for the desk: areas, lines and numbered marks as SVG over the land's outline, and pages of such.

A page is one file that asks nobody for anything: no host, no font, no image, and no script to be seen. Text
of strangers is escaped where it becomes HTML (`html.element`), and the page forbids all but its own style and
script by their hashes.
"""
