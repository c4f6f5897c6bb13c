"""The durable engine beside what it is measured against: ratios of one run, each with what was aimed at.

Run: `python benchmarks/durable.py [--only NAME]... [--quick]` (needs the extra `bench`, and for PostgreSQL an installed
server, which is started and stopped by itself). Works that are compared take turns, block by block, so that both meet
the same noise; a ratio is the median over the blocks. Progress goes to stderr. Ends with 1 if a target was missed.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping

import growth
import memory
import throughput
from comparing import QUICK, Line, Scale

WORKS: Mapping[str, Callable[[Scale], Iterator[Line]]] = {
    "sqlite": throughput.sqlite,
    "postgres": throughput.postgres,
    "dbos": throughput.dbos,
    "growth-sqlite": growth.sqlite,
    "growth-postgres": growth.postgres,
    "memory": memory.measured,
}


def main() -> int:
    """Measure what was asked for, and print each result."""
    parser = argparse.ArgumentParser(description="Benchmarks of the durable engine.")
    parser.add_argument("--only", action="append", choices=WORKS, help="measure only this; may be given several times")
    parser.add_argument("--quick", action="store_true", help="one short block of each: shows that it runs, no more")
    asked = parser.parse_args()
    scale = QUICK if asked.quick else Scale()
    reached = True
    for name in asked.only or WORKS:
        for line in WORKS[name](scale):
            print(line, flush=True)
            reached = reached and line.reached
    return 0 if reached or asked.quick else 1


if __name__ == "__main__":
    sys.exit(main())
