"""The settings of Switchboard, but for the addresses: those of the yardstick."""

from dashboard.settings import *

ROOT_URLCONF = "bench.bare"
