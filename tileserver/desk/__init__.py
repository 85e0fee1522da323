"""From a file to a revision: read, repair, compare with the current rows, write in one transaction."""
