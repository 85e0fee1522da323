"""Any publisher's file by a mapping: a TOML file on the meaning of rows becomes a reader.

======== =================================================================================
declared everything that a mapping can say
filters  conditions that leave rows out, each counted
hxl      rows of tags that name columns a second time
sight    the first rows of a file, and `roles` of its columns, for a draft (`suggest`)
load     TOML becomes a mapping; complaints have line and near miss (`check`)
of_layer the mapping that a definition gives a layer
plan     a mapping bound to a layer, checked against its fields and codes
rows     a row becomes a raw feature, or is counted with the reason why it is none
reader   tables become raw features or raw snapshots, as the readers beside this room yield
======== =================================================================================

Rows come from `tileserver.ingest.containers`; nothing here knows how a file is packed or written.
"""
