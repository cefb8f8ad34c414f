"""Pages of contacts: the list, one contact, and changing one."""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.timezone import now as utc_now
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from agents import phone
from calls import variables
from calls.forms.contacts import ContactForm, zones
from calls.models import Contact
from calls.people import contact_book
from calls.privacy import masking
from dashboard.htmx import HtmxRequest, render_page


def need_edit(request: HtmxRequest) -> None:
    """Stop whoever may only read."""
    if not request.member.may("edit_contacts"):
        raise PermissionDenied(
            "You may read contacts, but not change them. An admin can make you a "
            "sales manager."
        )


@require_safe
def contact_list(request: HtmxRequest) -> HttpResponse:
    """Show the contacts, or those that fit what is searched."""
    text = request.GET.get("q", "").strip()[:80]
    found = contact_book.find(request.workspace, text)
    page = contact_book.page(request.workspace, found, request.GET)
    context = {
        "q": text,
        "page": page,
        "entries": contact_book.entries(request.workspace, page.items),
        "count": contact_book.count(found),
        "counted": contact_book.COUNTED,
    }
    return render_page(request, "calls/contact_list.html", context, part="rows")


@require_safe
def contact_detail(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a contact and its calls, newest first."""
    contact = get_object_or_404(request.workspace.contacts, pk=pk)
    calls = request.workspace.calls.filter(contact=contact).for_list()
    number = phone.parse(contact.number, request.workspace.country)
    page = contact_book.timeline(calls, request.GET.get("older"))
    reader = masking.reader(request.workspace, request.member)
    for call in page.items:
        call.summary, call.note = reader.text(call.summary), reader.text(call.note)
    context = {
        "contact": contact,
        "number": number,
        "country": phone.country_name(number.country) if number else "",
        "local_time": contact_book.local_time(contact, utc_now()),
        "is_suppressed": request.workspace.suppressions.filter(
            number=contact.number
        ).exists(),
        "attributes": variables.labelled(contact),
        "page": page,
    }
    return render_page(request, "calls/contact_detail.html", context, part="timeline")


@require_http_methods(["GET", "HEAD", "POST"])
def contact_new(request: HtmxRequest) -> HttpResponse:
    """Add a contact; `?number=` fills the number in."""
    need_edit(request)
    contact = Contact(workspace=request.workspace)
    contact.number = request.GET.get("number", "")[:60]
    return _edit(request, contact, "calls/contact_new.html")


@require_http_methods(["GET", "HEAD", "POST"])
def contact_edit(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Change a contact; `?number=` shows what another number would mean."""
    need_edit(request)
    contact = get_object_or_404(request.workspace.contacts, pk=pk)
    return _edit(request, contact, "calls/contact_edit.html")


def _edit(request: HtmxRequest, contact: Contact, template: str) -> HttpResponse:
    """Show the form, or save it and go to the contact."""
    contact.workspace = request.workspace
    form = ContactForm(contact, request.POST if request.method == "POST" else None)
    if form.is_valid():
        if contact_book.save(contact, form.cleaned_data, request.user):
            messages.success(request, f"{contact} is saved.")
            return redirect(contact)
        form.add_error("number", "Another contact was given this number just now.")
    typed = request.GET.get("number") or form["number"].value() or ""
    context = {"form": form, "contact": contact, "zones": zones()}
    context |= _understood(typed[:60], request.workspace.country)
    status = 422 if form.errors else 200
    return render_page(request, template, context, part="understood", status=status)


def _understood(text: str, country: str) -> dict[str, object]:
    """Return what a typed number was understood as."""
    number = phone.parse(text, country) if text else None
    return {
        "typed": text,
        "understood": number,
        "country": phone.country_name(number.country) if number else "",
        "home": phone.country_name(country),
        "local_time": contact_book.number_time(number, utc_now()),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def contact_delete(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask whether to delete a contact, and do it."""
    need_edit(request)
    contact = get_object_or_404(request.workspace.contacts, pk=pk)
    if request.method == "POST":
        name = str(contact)
        contact_book.delete(contact, request.user)
        messages.success(request, f"{name} is deleted. The calls are still there.")
        return redirect("contact_list")
    calls = request.workspace.calls.filter(contact=contact).order_by()
    context = {"contact": contact, "calls": calls[:1001].count()}
    return render_page(request, "calls/contact_delete.html", context)


@require_POST
def contact_do_not_call(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Switch do-not-call on or off, as the form says."""
    need_edit(request)
    contact = get_object_or_404(request.workspace.contacts, pk=pk)
    wanted = request.POST.get("do_not_call") == "on"
    if contact.do_not_call != wanted:
        contact_book.save(contact, {"do_not_call": wanted}, request.user)
    word = "will not be called" if wanted else "may be called again"
    messages.success(request, f"{contact} {word}.")
    return redirect(contact)
