"""Puts names, moments and refusals into words that people read, in Chinese or English."""
