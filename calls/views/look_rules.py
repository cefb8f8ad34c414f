"""Rules of one's own for what needs a look; admins change them, everybody reads them."""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from calls.forms.looks import LookRuleForm
from calls.models import LookRule
from calls.review.look_queue import CHECKED
from dashboard.htmx import HtmxRequest, render_page
from dashboard.models import AuditEntry

ADMINS_CHANGE = "Only an admin may change what needs a look."


@require_http_methods(["GET", "POST"])
def settings_looks(request: HtmxRequest) -> HttpResponse:
    """Show what is looked for and the rules; add one."""
    _may_change(request)
    query = request.GET.get("query", "")
    form = LookRuleForm(
        request.workspace, request.POST or None, initial={"query": query}
    )
    if request.method == "POST" and form.is_valid():
        rule = form.save(commit=False)
        rule.workspace, rule.created_by = request.workspace, request.user
        rule.save()
        _note(request, "look rule added", rule)
        messages.success(request, "Calls that end from now on are checked for it.")
        return redirect("settings_looks")
    context = {
        "form": form,
        "rules": request.workspace.look_rules.select_related("created_by"),
        "checked": CHECKED,
    }
    status = 422 if form.errors else 200
    return render_page(request, "calls/settings_looks.html", context, status=status)


@require_http_methods(["GET", "POST"])
def settings_looks_edit(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Change the name or the filter of a rule."""
    rule = _rule(request, pk)
    form = LookRuleForm(request.workspace, request.POST or None, instance=rule)
    if request.method == "POST" and form.is_valid():
        form.save()
        _note(request, "look rule changed", rule)
        messages.success(request, "Saved.")
        return redirect("settings_looks")
    status = 422 if form.errors else 200
    context = {"form": form, "rule": rule}
    page = "calls/settings_looks_edit.html"
    return render_page(request, page, context, status=status)


@require_POST
def look_rule_switch(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Switch a rule on or off; what it found stays in the queue."""
    rule = _rule(request, pk)
    rule.is_on = not rule.is_on
    rule.save(update_fields=["is_on"])
    _note(request, f"look rule switched {'on' if rule.is_on else 'off'}", rule)
    return redirect("settings_looks")


@require_POST
def look_rule_remove(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Delete a rule, and the looks it brought."""
    rule = _rule(request, pk)
    _note(request, "look rule removed", rule)
    rule.delete()
    messages.success(request, "The rule is gone, and its looks with it.")
    return redirect("settings_looks")


def _rule(request: HtmxRequest, pk: uuid.UUID) -> LookRule:
    """Return a rule for somebody who may change it."""
    rule = get_object_or_404(request.workspace.look_rules, pk=pk)
    if not request.member.may("administer"):
        raise PermissionDenied(ADMINS_CHANGE)
    return rule


def _may_change(request: HtmxRequest) -> None:
    if request.method == "POST" and not request.member.may("administer"):
        raise PermissionDenied(ADMINS_CHANGE)


def _note(request: HtmxRequest, action: str, rule: LookRule) -> None:
    AuditEntry.record(
        request.workspace,
        action,
        by=request.user,
        at=timezone.now(),
        subject=rule.name,
        after={"query": rule.query, "is_on": rule.is_on},
    )
