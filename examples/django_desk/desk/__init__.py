"""A desk: pages around an engine."""
