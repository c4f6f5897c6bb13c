"""The laboratory: simulate a ticket on a virtual clock, play scenarios, tell what happened."""
