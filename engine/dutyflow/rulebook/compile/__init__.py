"""From declarations to the kernel's rules: names resolved, expressions typed, durations read."""
