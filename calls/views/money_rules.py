"""Rates and limits: what a minute costs, and what a day may cost."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from calls.billing import wallets
from calls.forms.money import LimitsForm, PriceForm, RateForm, TermsForm
from calls.models import Rate, Wallet
from calls.views.money import must_change, must_see, wallet_of
from dashboard.htmx import HtmxRequest, render_page

PAGE = "calls/settings_money_rules.html"
Forms = dict[str, Any]


@require_http_methods(["GET", "POST"])
def settings_money_rules(request: HtmxRequest) -> HttpResponse:
    """Show rates, terms and limits; an admin changes them."""
    must_see(request)
    wallet = wallet_of(request)
    if wallet is None or not wallet.is_on:
        return redirect("settings_money")
    wrong: Forms = {}
    if request.method == "POST":
        must_change(request)
        wrong = _changed(request, wallet)
        if not wrong:
            return redirect("settings_money_rules")
        wallet.refresh_from_db()
    may_change = request.member.may("administer")
    forms = _forms(wallet) | wrong
    for form in forms.values():
        for field in form.fields.values():
            field.disabled = not may_change
    rates = wallet.rates.select_related("connection")
    context = {
        "wallet": wallet,
        "rates": rates.order_by("connection__name", "country"),
        **forms,
    }
    return render_page(request, PAGE, context, status=422 if wrong else 200)


def _forms(wallet: Wallet) -> Forms:
    return {
        "rate": RateForm(wallet),
        "terms": TermsForm(instance=wallet),
        "limits": LimitsForm(instance=wallet),
    }


def _changed(request: HtmxRequest, wallet: Wallet) -> Forms:
    """Do what was sent; return the form with mistakes, by its name, or nothing."""
    match request.POST.get("do"):
        case "rate":
            return _add(request, wallet)
        case "terms":
            return _save(request, "terms", TermsForm(request.POST, instance=wallet))
        case "limits":
            return _save(request, "limits", LimitsForm(request.POST, instance=wallet))
    return {}


def _add(request: HtmxRequest, wallet: Wallet) -> Forms:
    form = RateForm(wallet, request.POST)
    if not form.is_valid():
        return {"rate": form}
    _note(request, form.save(), "rate added")
    messages.success(request, "The rate holds for calls that are launched from now on.")
    return {}


def _save(request: HtmxRequest, name: str, form: TermsForm | LimitsForm) -> Forms:
    """Save the fields that changed, with an entry that holds before and after."""
    if not form.is_valid():
        return {name: form}
    if not form.changed_data:
        messages.info(request, "Nothing was changed.")
        return {}
    form.instance.save(update_fields=form.changed_data)
    wallets.note(
        form.instance,
        request.user,
        f"wallet {name} changed",
        {field: _plain(form.cleaned_data[field]) for field in form.changed_data},
        before={field: _plain(form.initial[field]) for field in form.changed_data},
    )
    messages.success(request, "Saved.")
    return {}


def _plain(value: Any) -> Any:
    """Return a value as JSON can keep it."""
    return value if value is None or isinstance(value, bool | int) else str(value)


# --- One rate ------------------------------------------------------------------------
@require_POST
def money_rate(request: HtmxRequest, pk: int) -> HttpResponse:
    """Give a rate another price."""
    rate = _rate(request, pk)
    form = PriceForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["per_minute"])))
        return redirect("settings_money_rules")
    before, rate.per_minute = rate.per_minute, form.cleaned_data["per_minute"]
    if rate.per_minute != before:
        rate.save(update_fields=["per_minute"])
        _note(request, rate, "rate changed", {"per_minute": str(before)})
    messages.success(request, "Saved.")
    return redirect("settings_money_rules")


@require_POST
def money_rate_remove(request: HtmxRequest, pk: int) -> HttpResponse:
    """Take a rate away: the next closest holds then."""
    rate = _rate(request, pk)
    _note(request, rate, "rate removed")
    rate.delete()
    messages.success(request, "The rate is gone; the next closest one holds.")
    return redirect("settings_money_rules")


def _rate(request: HtmxRequest, pk: int) -> Rate:
    must_change(request)
    wallet = wallet_of(request)
    if wallet is None:
        raise Http404
    return get_object_or_404(wallet.rates.select_related("connection"), pk=pk)


def _note(
    request: HtmxRequest, rate: Rate, action: str, before: Forms | None = None
) -> None:
    wallets.note(
        rate.wallet,
        request.user,
        action,
        {"per_minute": str(rate.per_minute)},
        before=before,
        subject=str(rate),
    )
