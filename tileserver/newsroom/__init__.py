"""The desk's page and its API: a server of its own, below `/desk`, for the persons who feed the map."""
