"""What is wrong with a rulebook that compiles: life cycles without an end, duties without an owner, idle clocks."""

from dutyflow.checks.registry import CHECKS, Check, check_rulebook
from dutyflow.checks.subject import Book, Part

__all__ = ["CHECKS", "Book", "Check", "Part", "check_rulebook"]
