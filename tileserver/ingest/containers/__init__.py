"""Files of any common format become tables of rows, streamed and within limits.

`table` has the types on which whoever gives rows a meaning builds; nothing here knows a layer or a date.
"""
