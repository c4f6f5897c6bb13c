"""Puts results into the forms that people and machines read."""
