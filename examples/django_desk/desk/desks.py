"""The engine of this process: opened at first use, shared by its threads, and by processes that are forked later."""

from threading import Lock

from django.conf import settings

from dutyflow import Engine

_lock = Lock()
_opened: dict[str, Engine] = {}


def engine() -> Engine:
    """The engine on the store that the settings name."""
    url = settings.DUTYFLOW_STORE
    with _lock:
        if url not in _opened:
            _opened[url] = Engine.open(url)
        return _opened[url]
