"""A JSON service around an engine."""
