"""Erasing a call or parts of it: what goes, what stays where; only admins come here."""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from calls.models import ErasedKind
from calls.privacy import copies, erasing
from calls.privacy.erasing import CannotErase
from calls.views.call import call_of
from dashboard.htmx import HtmxRequest, render_page


@require_http_methods(["GET", "HEAD", "POST"])
def call_erase(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Show where copies of a call are; on POST, erase the chosen ones."""
    call = call_of(request, pk)
    if not request.member.may("administer"):
        raise PermissionDenied("Only an admin may erase a call.")
    problem = ""
    if request.method == "POST":
        kinds = [kind for kind in ErasedKind.values if kind in request.POST]
        try:
            proof = erasing.erase(call, kinds, request.user) if kinds else []
        except CannotErase as error:
            problem = str(error)
        else:
            if proof and ErasedKind.CALL in kinds:
                messages.success(
                    request, "The call is erased. The proof of it is kept."
                )
                return redirect("call_list")
            if proof:
                told = [erasing.words(row.kind, row.counts) for row in proof]
                messages.success(request, f"{'. '.join(told)}.")
                return redirect(call)
            problem = "Nothing was erased: choose something that is there."
    context = {"call": call, "copies": copies.copies(call), "problem": problem}
    status = 422 if problem else 200
    return render_page(request, "calls/call_erase.html", context, status=status)
