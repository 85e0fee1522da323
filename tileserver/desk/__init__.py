"""A file becomes a revision: read, repair, compare with what is known, write in one transaction."""
