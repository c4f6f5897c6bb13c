"""The language front end: YAML with exact places, findings, names, types, and compilation into the kernel's rules."""
