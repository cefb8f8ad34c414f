"""A voice platform that calls nobody, and plays a conversation by the number dialled.

It keeps nothing: what a call looks like now follows from the request and the clock.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.utils import timezone

from agents.providers.base import (
    Account,
    AgentFacts,
    CallHandle,
    CallRequest,
    CallUpdate,
    Check,
    Json,
    Manner,
    NumberFacts,
    Page,
    Provider,
    ProviderBusy,
    ProviderUnclear,
)
from agents.providers.simulator import catalog, numbers
from agents.providers.simulator.timeline import (
    Timeline,
    cut,
    next_moment,
    state_at,
    timeline,
)

# Nobody is to be asked more often than this, however fast the script is played.
SOONEST = timedelta(milliseconds=250)


class Simulator(Provider):
    """The simulated voice platform; `clock` says what time it is."""

    slug = "simulator"
    label = "Simulator"

    can_hang_up = True
    has_versions = True
    has_shares = True
    has_web_calls = True
    has_sip_headers = True
    has_overrides = True
    has_trunks = True
    plays_itself = True
    has_webhooks = False
    poll_after: ClassVar[timedelta] = timedelta(seconds=1)

    def __init__(
        self, account: Account, clock: Callable[[], datetime] = timezone.now
    ) -> None:
        super().__init__(account)
        self.clock = clock

    # calls
    def place_call(self, request: CallRequest) -> CallUpdate:
        """Let it ring at once, or play the trouble that the number stands for."""
        _raise_trouble(request)
        return self._look(CallHandle(request, dialed_at=self.clock()))

    def fetch_call(self, handle: CallHandle) -> CallUpdate | None:
        """Return the call as it is now."""
        return self.find_call(handle)

    def find_call(self, handle: CallHandle) -> CallUpdate | None:
        """Return the call as it is now; None where nothing was placed."""
        if handle.dialed_at is None or not _was_placed(handle.request):
            return None
        return self._look(handle)

    def list_calls(self, since: datetime, cursor: str = "") -> Page[CallUpdate]:
        """Return nothing: whoever asked for a call is the only one to know of it."""
        return Page(())

    def hang_up(self, handle: CallHandle) -> None:
        """Do nothing: the handle's `hang_up_requested_at` is what ends the call."""

    # agents and numbers
    def list_agents(self) -> tuple[AgentFacts, ...]:
        """Return four agents with their versions."""
        return catalog.agents()

    def list_numbers(self) -> tuple[NumberFacts, ...]:
        """Return one number of each kind of carrier."""
        return catalog.numbers()

    def check(self) -> list[Check]:
        """Say that all is well, and how fast the clock runs."""
        speed = f"{settings.SIMULATOR_SPEED:g}"
        return [
            Check("Platform", True, "The simulator is here. It calls nobody."),
            Check("Speed", True, f"Conversations are played at {speed} × speed."),
        ]

    # webhooks in
    def verify_webhook(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> bool:
        """Believe nothing: the simulator sends no webhooks."""
        return False

    def parse_webhook(self, payload: Any, received_at: datetime) -> list[CallUpdate]:
        """Return nothing: the simulator sends no webhooks."""
        return []

    # as a stand-in
    def manner(self, to_number: str) -> Manner:
        """Say how a compat client that dials this number is to be treated."""
        return numbers.manner(to_number)

    def _look(self, handle: CallHandle) -> CallUpdate:
        """Return the state at this moment, with wall times in place of scripted ones."""
        request, dialed_at = handle.request, handle.dialed_at or self.clock()
        now = self.clock()
        call = timeline(request)
        if handle.hang_up_requested_at:
            at_ms = _scripted(handle.hang_up_requested_at - dialed_at)
            call = cut(call, at_ms, "agent_hangup", "manual_stopped")
        elapsed_ms = _scripted(now - dialed_at)
        return replace(
            state_at(call, elapsed_ms),
            provider_call_id=call_id(request),
            reference=request.reference,
            occurred_at=now,
            join=_join(request),
            type=request.type,
            direction="outbound",
            from_number=request.from_number,
            to_number=request.to_number,
            agent_id=request.agent_id,
            agent_version=request.agent_version,
            **_wall_times(call, dialed_at, elapsed_ms),
            ask_again_at=_ask_again_at(call, dialed_at, now),
            recording_url=_recording_url(call, request, elapsed_ms),
        )


def call_id(request: CallRequest) -> str:
    """Return the simulator's own id of a call."""
    return f"sim_{request.reference}"


def recording_url(provider_call_id: str) -> str:
    """Return where the recording of a call is served."""
    return f"{settings.BASE_URL}/recordings/{provider_call_id}.wav"


def _raise_trouble(request: CallRequest) -> None:
    """Play the troubles of 55 to 58, unless a compat door has played them already."""
    if request.at_door or request.type != "phone":
        return
    manner = numbers.manner(request.to_number)
    if manner.reply == "error":
        message = "The simulator answered 500 (server error)."
        raise ProviderUnclear(message, status=500)
    if manner.reply in {"lost", "lost_placed"}:
        raise ProviderUnclear("The simulator gave no answer in time.")
    if request.attempt <= manner.busy_first:
        message = "The simulator is busy (429)."
        raise ProviderBusy(message, retry_after=1 / settings.SIMULATOR_SPEED)


def _was_placed(request: CallRequest) -> bool:
    if request.at_door or request.type != "phone":
        return True
    manner = numbers.manner(request.to_number)
    is_busy = request.attempt <= manner.busy_first
    return manner.reply not in {"error", "lost"} and not is_busy


def _scripted(real: timedelta) -> int:
    """Return how much of the script is played in so much real time."""
    speed: float = settings.SIMULATOR_SPEED
    return max(0, round(real.total_seconds() * speed * 1_000))


def _real(scripted_ms: int) -> timedelta:
    return timedelta(milliseconds=scripted_ms / settings.SIMULATOR_SPEED)


def _wall_times(call: Timeline, dialed_at: datetime, elapsed_ms: int) -> Json:
    """Return when the call rang, was answered and ended, as far as it has come."""
    times: Json = {"ringing_at": dialed_at}
    if call.answered_ms is not None and elapsed_ms >= call.answered_ms:
        times["answered_at"] = dialed_at + _real(call.answered_ms)
    if elapsed_ms >= call.ended_ms:
        times["ended_at"] = dialed_at + _real(call.ended_ms)
    return times


def _ask_again_at(
    call: Timeline, dialed_at: datetime, now: datetime
) -> datetime | None:
    """Return when something will have changed; None when all is delivered."""
    moment = next_moment(call, _scripted(now - dialed_at))
    return None if moment is None else max(dialed_at + _real(moment), now + SOONEST)


def _recording_url(call: Timeline, request: CallRequest, elapsed_ms: int) -> str:
    if call.answered_ms is None or elapsed_ms < call.ended_ms:
        return ""
    return recording_url(call_id(request))


def _join(request: CallRequest) -> Json | None:
    """Return what a browser would need to join a web call."""
    if request.type != "web":
        return None
    token = hashlib.sha256(request.reference.encode()).hexdigest()
    return {"access_token": token, "url": "wss://simulator.invalid/join"}
