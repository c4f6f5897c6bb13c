"""Whoever is signed in acts through `request.desk`, and through nothing else."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from desk.desks import engine


def acting_for_the_user(respond: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Give each request of a user the engine that acts for that user only."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            request.desk = engine().acting_as(request.user.get_username())
        return respond(request)

    return handle
