"""Asks people at a terminal: what to do next with a ticket, and the data that it needs."""
