"""The wallet: its balance and ledger, what calls came to, and what is booked by hand."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from calls.billing import spending, statement, wallets
from calls.forms.money import AdjustForm, LedgerForm, SwitchOnForm, TopUpForm
from calls.models import Wallet
from dashboard.htmx import HtmxRequest, render_page
from dashboard.templatetags.amounts import exact, signed

NOT_YOURS = "Your role may not see what calls cost. Ask an admin."
ADMINS_CHANGE = "Only an admin may change the wallet, its rates and its limits."
ENTRIES = 20
PAGE = "calls/settings_money.html"


# --- The page ------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
def settings_money(request: HtmxRequest) -> HttpResponse:
    """Show the wallet, or offer one; an admin switches it on, tops it up, corrects it."""
    must_see(request)
    wallet = wallet_of(request)
    forms: dict[str, Any] = {}
    if request.method == "POST":
        must_change(request)
        verbs = IN if wallet and wallet.is_on else OUT
        verb = verbs.get(request.POST.get("do", ""))
        if verb is None:
            return redirect("settings_money")
        forms = verb(request, wallet)
        if not forms:
            return redirect("settings_money")
    context = _context(request, wallet) | forms
    status = 422 if forms else 200
    return render_page(request, PAGE, context, part="ledger", status=status)


def _context(request: HtmxRequest, wallet: Wallet | None) -> dict[str, Any]:
    if wallet is None or not wallet.is_on:
        return {"wallet": wallet, "switch_on": SwitchOnForm(wallet=wallet)}
    context = {"wallet": wallet, **_ledger(request, wallet)}
    if request.htmx.target == "ledger":
        return context
    today = spending.day_of(request.workspace, timezone.now())
    report = spending.report(wallet, today)
    return context | {
        "report": report,
        "bars": spending.bars(report),
        "today": sum(spending.sums_of(wallet, today)),
        "top_up": TopUpForm(),
        "adjust": AdjustForm(),
        "notices": spending.notices(wallet, today, request.user),
    }


def _ledger(request: HtmxRequest, wallet: Wallet) -> dict[str, Any]:
    form = LedgerForm(request.GET)
    rows = statement.shown(statement.narrow(wallet, **form.narrowed))
    marks = {name: request.GET.get(name, "") for name in ("after", "before")}
    page = statement.page(rows, size=ENTRIES, **marks)
    return {"ledger_form": form, "page": page, "is_narrow": bool(form.narrowed)}


# --- What is done on it --------------------------------------------------------------
def _switch_on(request: HtmxRequest, wallet: Wallet | None) -> dict[str, Any]:
    """Each verb returns the form that was sent with mistakes, by its name; else nothing."""
    form = SwitchOnForm(request.POST, wallet)
    if not form.is_valid():
        return {"switch_on": form}
    clean = form.cleaned_data
    wallets.switch_on(
        request.workspace,
        request.user,
        currency=clean["currency"],
        rate=clean["rate"],
        amount=clean["amount"],
        key=form.wish,
    )
    messages.success(request, "The wallet is on: calls are paid from it from now on.")
    return {}


def _top_up(request: HtmxRequest, wallet: Wallet | None) -> dict[str, Any]:
    return _booked(request, wallet, "top_up", TopUpForm(request.POST), wallets.top_up)


def _adjust(request: HtmxRequest, wallet: Wallet | None) -> dict[str, Any]:
    return _booked(request, wallet, "adjust", AdjustForm(request.POST), wallets.adjust)


def _booked(
    request: HtmxRequest,
    wallet: Wallet | None,
    name: str,
    form: TopUpForm | AdjustForm,
    book: Callable[..., Any],
) -> dict[str, Any]:
    if not form.is_valid():
        return {name: form}
    amount, note = form.cleaned_data["amount"], form.cleaned_data["note"]
    try:
        entry, is_new = book(wallet, amount, note, request.user, form.wish)
    except wallets.AnotherWish:
        form.add_error(None, "This form was sent already, with something else in it.")
        return {name: form}
    except wallets.CannotBook as refusal:
        form.add_error("amount", str(refusal))
        return {name: form}
    balance = exact(entry.balance_after, entry.currency)
    words = (
        f"{signed(amount, entry.currency)} is booked: the balance was then {balance}."
    )
    messages.success(request, words if is_new else f"{words} Nothing was booked twice.")
    return {}


Verb = Callable[[HtmxRequest, Wallet | None], dict[str, Any]]
# What may be done with a wallet that is on, and with one that is off or not there.
IN: dict[str, Verb] = {"top_up": _top_up, "adjust": _adjust}
OUT: dict[str, Verb] = {"switch_on": _switch_on}


@require_POST
def money_off(request: HtmxRequest) -> HttpResponse:
    """Switch the wallet off: calls have no limit then; a second time changes nothing."""
    must_change(request)
    wallet = wallet_of(request)
    if wallet and wallets.switch_off(wallet, request.user):
        messages.success(request, "The wallet is off: calls go out without a limit.")
    return redirect("settings_money")


@require_POST
def money_noticed(request: HtmxRequest) -> HttpResponse:
    """Say no more today on the home page that a limit is near."""
    request.session[spending.NOTICED] = str(_today(request))
    return redirect("home")


@require_GET
def money_ledger(request: HtmxRequest) -> HttpResponse | StreamingHttpResponse:
    """Give the ledger, as it is narrowed, as a file."""
    must_see(request)
    wallet = wallet_of(request)
    if wallet is None:
        return redirect("settings_money")
    rows = statement.narrow(wallet, **LedgerForm(request.GET).narrowed)
    name = statement.filename(request.workspace, _today(request))
    return StreamingHttpResponse(
        statement.as_csv(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


# --- Who may -------------------------------------------------------------------------
def wallet_of(request: HtmxRequest) -> Wallet | None:
    """Return the workspace's wallet, on or off."""
    return getattr(request.workspace, "wallet", None)


def must_see(request: HtmxRequest) -> None:
    """Let only those see what calls cost who launch them."""
    if not request.member.may("launch"):
        raise PermissionDenied(NOT_YOURS)


def must_change(request: HtmxRequest) -> None:
    """Let only admins change anything."""
    if not request.member.may("administer"):
        raise PermissionDenied(ADMINS_CHANGE)


def _today(request: HtmxRequest) -> date:
    return spending.day_of(request.workspace, timezone.now())
