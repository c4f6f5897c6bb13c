"""Keeps tickets in PostgreSQL: for several machines that share the work."""
