"""The private PostGIS cluster, which no other room knows of.

The order of things: `installation` finds a PostgreSQL with PostGIS, and says which packages to install where
there is none; `account` chooses the user of the system that PostgreSQL runs as; `home` lays out the folder,
and has the locks of all who share the cluster; `cluster` makes the data, starts the postmaster (with the
settings of `server_settings`, after `processes` has cleared a crash) and stops it when its last user leaves;
`keeper` starts it again under a server; `neighbours` lists the clusters of the machine.
"""
