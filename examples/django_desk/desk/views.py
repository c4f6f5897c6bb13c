"""A queue, a ticket with what may be done next, and doing it."""

from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from dutyflow import Fire, Query
from dutyflow.errors import MisuseError, UnknownTicketError
from dutyflow.telling.teller import Teller


@login_required
def queue(request: HttpRequest) -> HttpResponse:
    """A page of the open tickets, the most urgent first."""
    try:
        page = request.desk.find(Query(workflow="complaint"), after=request.GET.get("after"))
    except MisuseError as error:  # whoever changes the address of a page is told so
        raise BadRequest(str(error)) from error
    return render(request, "desk/queue.html", {"page": page})


@login_required
def ticket(request: HttpRequest, ticket: str) -> HttpResponse:
    """A ticket as the user may see it, and what the user may do with it."""
    try:
        found = request.desk.ticket(ticket)
    except UnknownTicketError as error:
        raise Http404(str(error)) from error
    teller = Teller(request.desk.rules_of(found), language(), found.workflow)
    actions = [action for action in request.desk.next_actions(ticket) if action.allowed]
    context = {
        "ticket": found,
        "state": teller.state(found.state),
        "fields": [(teller.field(name), value) for name, value in found.fields.items()],
        "actions": [(action, teller.event(action.event), uuid4()) for action in actions],
    }
    return render(request, "desk/ticket.html", context)


@login_required
@require_POST
def act(request: HttpRequest, ticket: str, event: str) -> HttpResponse:
    """Ask for an event; a form that is sent twice is one command, because it brings its key."""
    user = request.user.get_username()
    data = {name: value for name, value in request.POST.items() if name not in ("csrfmiddlewaretoken", "key", "reason")}
    command = Fire(event=event, actor=user, data=data, reason=request.POST.get("reason"))
    try:
        answer = request.desk.submit(command, ticket=ticket, key=f"{user}/{request.POST.get('key')}")
    except UnknownTicketError as error:
        raise Http404(str(error)) from error
    except MisuseError as error:
        raise BadRequest(str(error)) from error
    if not answer.accepted:
        messages.error(request, request.desk.why_not(answer, language()))
    return redirect("ticket", ticket=ticket)


def language() -> str:
    """The user's language, of those that refusals are told in."""
    return "zh" if (get_language() or "").startswith("zh") else "en"
