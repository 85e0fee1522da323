"""The map as static files: the public part of one moment, and the page, without a server.

::

    asking.py     the application, asked within this process      folder.py   files under names of their bytes
    documents.py  what the page asks of a theatre                 events.py   events by period
    pages.py      the page and its embed, by language             texts.py    pages of text, and their links
    making.py     one site, whole or not at all                   upload.py   a site in an object store

A site holds answers of the server to the public, so whatever no reader is told is in no file of it.
``site.json`` names for each address of a server the file that answers there, and nothing else names them.
"""
