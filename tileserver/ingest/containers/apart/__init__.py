"""Binary containers, read by GDAL, Parquet and workbook libraries in a process of their own.

A file of a stranger goes through a million lines of C there; the process has bounded memory and processor
time, no credentials, only the drivers named here, and its death is a refusal of one file.
"""
