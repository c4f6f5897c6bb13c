"""The pure core: rules, time, decisions and tickets; no clock, no files, no randomness, no YAML, no logging."""
