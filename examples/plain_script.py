"""The smallest embedding: a file, a rulebook, a complaint, and the queue of whoever has to judge it."""

import sys
from datetime import timedelta

from dutyflow import Engine, Open, Query
from dutyflow.resources import workflows_dir


def main(url: str = "sqlite:///tickets.db") -> None:
    """Register a complaint and print what waits for the supervisors, the most urgent first."""
    with Engine.open(url) as engine:
        engine.publish(workflows_dir() / "complaint_loop")
        called_at = engine.clock.now() - timedelta(minutes=4)
        data = {"complainant": "王女士", "phone": "13800000000", "content": "送货迟到", "channel": "电话"}
        data["first_contact_at"] = called_at.isoformat()
        engine.submit(Open(workflow="complaint", event="register", actor="A1", data=data))
        for row in engine.find(Query(workflow="complaint", role="supervisor")).rows:
            print(f"{row.ticket}  {row.state}  due {row.due_at:%Y-%m-%d %H:%M} UTC")


if __name__ == "__main__":
    main(*sys.argv[1:])
