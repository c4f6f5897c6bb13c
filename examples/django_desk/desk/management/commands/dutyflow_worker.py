"""`manage.py dutyflow_worker`: publishes the rulebook and lets time pass until it is told to stop."""

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from desk.desks import engine


class Command(BaseCommand):
    """The worker of the desk; any number of them may run."""

    help = "Publishes the rulebook, fires what is due and delivers messages, until Ctrl-C or SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--once` is for a timer of the system, such as cron."""
        parser.add_argument("--once", action="store_true", help="One round, then end.")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        """Work."""
        published = engine().publish(settings.DUTYFLOW_RULEBOOK)
        self.stdout.write(f"{published.name} {published.version[:12]}")
        worker = engine().worker()
        if once:
            worker.run_once()
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: worker.stop())
        worker.run()
