"""What the runtime needs from outside, as small protocols: a store, a directory of people, a clock."""
