"""Runs tickets: takes commands, lets time pass, keeps what the kernel decides."""
