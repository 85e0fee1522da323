"""HTTP: parse, ask one use case, answer."""
