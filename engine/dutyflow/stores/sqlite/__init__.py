"""Keeps tickets in one SQLite file: the default, for one machine and no set-up."""
