"""What is kept for how long, who sees it masked, and the proof of what was erased."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from calls.models import ErasedKind, RetentionPolicy
from calls.models.privacy import DAYS
from calls.privacy import masking, proof, retention
from calls.privacy.redaction import redact
from dashboard.htmx import HtmxRequest, render_page
from dashboard.privacy_form import PrivacyForm

ADMINS_ONLY = "Only an admin may see and change what is kept."
PAGE = "dashboard/settings_privacy.html"
SAMPLE = (
    "My card is 4242 4242 4242 4242, the account number is 00123456, and you can write "
    "to jamie@example.com."
)
RUNS = 20


@require_http_methods(["GET", "HEAD", "POST"])
def settings_privacy(request: HtmxRequest) -> HttpResponse:
    """Show the rules; while they are typed, the part "effect" says what they erase.

    A rule that erases something at once is saved only once that was confirmed.
    """
    _must_be_admin(request)
    policy = masking.policy_of(request.workspace)
    is_typed = request.method == "GET" and request.htmx.target == "effect"
    data = request.GET if is_typed else request.POST or None
    form = PrivacyForm(data, instance=policy)
    if request.method == "POST" and form.is_valid():
        seen = _newly_erased(request, form)
        if not seen or "confirmed" in request.POST:
            return _save(request, form)
        context = {"form": form, "seen": seen}
        return render_page(request, "dashboard/settings_privacy_confirm.html", context)
    is_wrong = form.is_bound and not form.is_valid()
    context = _context(request, form) | {"is_wrong": is_wrong}
    status = 422 if request.method == "POST" else 200
    return render_page(request, PAGE, context, part="effect", status=status)


def _context(request: HtmxRequest, form: PrivacyForm) -> dict[str, Any]:
    """Return what the page says; of a form with mistakes, no effect."""
    days = _days(form.instance) if not form.errors else {}
    return {
        "form": form,
        "seen": retention.preview(request.workspace, days, timezone.now()),
        "has_rules": any(days.values()),
        "policy": form.instance,
        "runs": retention.open_runs(request.workspace),
        "sample": SAMPLE,
        "masked_sample": redact(SAMPLE),
    }


def _days(policy: RetentionPolicy) -> dict[str, int | None]:
    return {kind: policy.days(kind) for kind in DAYS}


def _newly_erased(request: HtmxRequest, form: PrivacyForm) -> list[retention.Preview]:
    """Return what the rules that were changed would erase now."""
    changed: dict[str, int | None] = {
        kind: form.instance.days(kind)
        for kind, name in DAYS.items()
        if name in form.changed_data
    }
    seen = retention.preview(request.workspace, changed, timezone.now())
    return [row for row in seen if row.count]


def _save(request: HtmxRequest, form: PrivacyForm) -> HttpResponse:
    if not form.changed_data:
        messages.info(request, "Nothing was changed.")
        return redirect("settings_privacy")
    retention.change(form.instance, form.changed_data, request.user, timezone.now())
    messages.success(request, "Saved.")
    return redirect("settings_privacy")


@require_safe
def settings_privacy_proof(request: HtmxRequest) -> HttpResponse:
    """List what was erased: by rules, and by people and programs."""
    _must_be_admin(request)
    runs = request.workspace.retention_runs.select_related("created_by")[:RUNS]
    page = proof.page(request.workspace, request.GET.get("after", ""))
    context = {"runs": runs, "page": page, "labels": dict(ErasedKind.choices)}
    template = "dashboard/settings_privacy_proof.html"
    return render_page(request, template, context)


@require_safe
def privacy_proof_csv(request: HtmxRequest) -> StreamingHttpResponse:
    """Give all that was erased as a file."""
    _must_be_admin(request)
    today = timezone.localdate()
    name = proof.filename(request.workspace, today)
    return StreamingHttpResponse(
        proof.as_csv(request.workspace),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _must_be_admin(request: HtmxRequest) -> None:
    if not request.member.may("administer"):
        raise PermissionDenied(ADMINS_ONLY)
