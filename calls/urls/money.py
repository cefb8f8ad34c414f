"""Addresses of the wallet, below /settings/money/."""

from django.urls import path

from calls.views import money, money_rules

urlpatterns = [
    path("", money.settings_money, name="settings_money"),
    path("off/", money.money_off, name="money_off"),
    path("noticed/", money.money_noticed, name="money_noticed"),
    path("ledger.csv", money.money_ledger, name="money_ledger"),
    path("rules/", money_rules.settings_money_rules, name="settings_money_rules"),
    path("rates/<int:pk>/", money_rules.money_rate, name="money_rate"),
    path(
        "rates/<int:pk>/remove/",
        money_rules.money_rate_remove,
        name="money_rate_remove",
    ),
]
