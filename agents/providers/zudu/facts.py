"""Reading what Zudu sends: any JSON in, our facts out; nothing here ever raises.

Both generations of its answers (contract sheet, section 0) are read by the same lines:
words are folded to one case, times may be in seconds or ms.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from agents.providers.base import (
    Analysis,
    BindingFacts,
    CallUpdate,
    Json,
    NumberFacts,
    VersionFacts,
)
from agents.providers.reading import (
    NO_CURRENCY,
    flag,
    kept,
    link,
    mapping,
    money,
    product_costs,
    rows,
    span,
    text,
)
from agents.providers.zudu import spoken, words
from agents.providers.zudu.answers import data, when

# Analysis and cost are filled in after the end: asked for so long, and so often.
DETAILS_WAIT, DETAILS_POLL = timedelta(minutes=5), timedelta(seconds=10)
ANALYSED = ("call_summary", "user_sentiment", "call_successful", "in_voicemail")
# "int, default 1"; there is no route for versions, so 1 says no more than "the agent".
ONLY_VERSION = 1


# --- A call --------------------------------------------------------------------------
def call_object(answer: Any) -> Json:
    """Return the call in an answer: `data.call`, or `data` itself (section 2.2)."""
    held = mapping(data(answer))
    return mapping(held.get("call")) or held


def call_update(call: Json, received_at: datetime) -> CallUpdate:
    """Turn a call object into an update; it is a look at the call at `received_at`."""
    raw_reason = text(call.get("disconnection_reason"), 80)
    started, status = when(call.get("start_timestamp")), status_of(call)
    is_over = status in words.FINAL
    reason = _reason(call, status) if is_over else words.Reason("", "")
    talked = status in {"in_progress", "ended"}
    analysed = analysis(call.get("call_analysis"))
    metadata = kept(mapping(call.get("metadata")))
    return CallUpdate(
        provider_call_id=text(call.get("call_id"), 160),
        other_call_id=text(call.get("id"), 160),
        reference=text(metadata.get(words.REFERENCE), 60),
        occurred_at=received_at,
        status=status,
        status_raw=text(call.get("call_status"), 60),
        answered_at=started if talked else None,
        ended_at=when(call.get("end_timestamp")) if is_over else None,
        duration_ms=span(call.get("call_duration")) if is_over else None,
        answered_by=_answered_by(call) if status == "ended" else "",
        end_reason=reason.end_reason,
        end_reason_raw=raw_reason if is_over else "",
        fault=reason.fault,
        turns=spoken.turns(call, started),
        tools=spoken.tools(call),
        latency=latency(call.get("latency")),
        analysis=analysed,
        cost=cost(call.get("call_cost")),
        cost_parts=product_costs(call.get("call_cost")),
        currency=NO_CURRENCY,
        recording_url=_recording(call),
        ask_again_at=_ask_again_at(call, status, received_at),
        type=words.TYPES.get(words.fold(call.get("call_type")), "phone"),
        direction=_direction(call),
        from_number=text(call.get("from_number"), 40),
        to_number=text(call.get("to_number"), 40),
        agent_id=text(call.get("agent_id"), 120),
        metadata=metadata,
    )


def status_of(call: Json) -> str:
    """Return our status.

    `ongoing` says at first that the dialling was started; the start tells the answer.
    A call that ended and certainly never began did not connect.
    """
    status = words.STATUSES.get(words.fold(call.get("call_status")), "")
    started = when(call.get("start_timestamp"))
    if status == "in_progress" and started is None:
        return "ringing"
    if status == "ended" and (_never_talked(call) or _never_began(call)):
        return "not_connected"
    return status


def _never_talked(call: Json) -> bool:
    return words.fold(call.get("disconnection_reason")) in words.NEVER_TALKED


def _never_began(call: Json) -> bool:
    """Tell whether the object itself says that nothing took place.

    The short objects of a list may leave a field out, which says nothing.
    """
    names = ("start_timestamp", "call_duration")
    is_told = all(name in call and not call[name] for name in names)
    in_voicemail = flag(mapping(call.get("call_analysis")).get("in_voicemail"))
    said = rows(call.get("transcript_object")) or text(call.get("transcript"))
    return is_told and not said and not in_voicemail


def _reason(call: Json, status: str) -> words.Reason:
    """Return why the call is over; a voicemail is known by the analysis only."""
    in_voicemail = flag(mapping(call.get("call_analysis")).get("in_voicemail"))
    raw = words.fold(call.get("disconnection_reason"))
    if status == "ended" and in_voicemail:
        return words.REASONS["voicemail"]
    if raw:
        return words.REASONS.get(raw, words.OTHER)
    # ERROR without a word more: it is Zudu's own, and whose fault it was is unknown.
    return words.Reason("provider_error", "") if status == "failed" else words.OTHER


def _answered_by(call: Json) -> str:
    in_voicemail = flag(mapping(call.get("call_analysis")).get("in_voicemail"))
    known = {True: "machine", False: "human"}
    return "unknown" if in_voicemail is None else known[in_voicemail]


def _ask_again_at(call: Json, status: str, received_at: datetime) -> datetime | None:
    """Return when to look for what comes after the end; None: all there, or too late."""
    ended = when(call.get("end_timestamp"))
    if status != "ended" or ended is None or received_at - ended > DETAILS_WAIT:
        return None
    is_whole = mapping(call.get("call_analysis")) and mapping(call.get("call_cost"))
    return None if is_whole else received_at + DETAILS_POLL


def _direction(call: Json) -> str:
    direction = words.fold(call.get("direction"))
    return direction if direction in words.DIRECTIONS else ""


def _recording(call: Json) -> str:
    return link(call.get("recording_url"))


def made_at(call: Json) -> datetime | None:
    """Return when a call was made: by one generation's field, or its first event."""
    first = rows(call.get("events"))[:1]
    written = [call.get("created_at"), *(event.get("timestamp") for event in first)]
    return next((at for at in map(when, written) if at), None)


def latency(value: Any) -> Json | None:
    """Return the latencies as they are; the unit is not stated, its size suggests ms."""
    known = {text(k, 60): v for k, v in mapping(value).items() if isinstance(v, dict)}
    return {name: kept(numbers) for name, numbers in known.items()} or None


def analysis(value: Any) -> Analysis | None:
    """Return what was concluded; None until it was. What has no field is custom."""
    facts = mapping(value)
    if not facts:
        return None
    sentiment = words.fold(facts.get("user_sentiment"))
    return Analysis(
        summary=text(facts.get("call_summary")),
        sentiment=sentiment if sentiment in words.SENTIMENTS else "",
        successful=flag(facts.get("call_successful")),
        custom=kept({k: v for k, v in facts.items() if k not in ANALYSED}),
    )


def cost(value: Any) -> Decimal | None:
    """Return the combined cost as the plain number it is (see NO_CURRENCY)."""
    return money(mapping(value).get("combined_cost"))


# --- An agent ------------------------------------------------------------------------
def version(agent: Json) -> VersionFacts:
    """Return what an agent says and how, in either generation's shape (section 3)."""
    llm, stt = mapping(agent.get("llm_config")), mapping(agent.get("stt_config"))
    tts, voice = mapping(agent.get("tts_config")), mapping(agent.get("voice"))
    language = text(agent.get("language")) or text(stt.get("language"))
    return VersionFacts(
        version=ONLY_VERSION,
        is_published=True,
        prompt=text(llm.get("system_message")),
        opening_line=text(agent.get("begin_message"))
        or text(agent.get("first_message")),
        voice=text(tts.get("voice_id"), 120) or text(voice.get("voice_id"), 120),
        model=text(llm.get("model"), 120) or text(agent.get("model"), 120),
        language=(language or text(tts.get("language")))[:40],
        changed_at=when(agent.get("updated_at")),
    )


# --- A number ------------------------------------------------------------------------
def number(row: Json) -> NumberFacts:
    """Turn a phone number object into facts."""
    kind = words.fold(row.get("phone_number_type")).removeprefix("zudu_")
    carrier = words.fold(row.get("number_provider")) or kind
    return NumberFacts(
        number=text(row.get("phone_number"), 20),
        label=text(row.get("nickname"), 120) or text(row.get("label"), 120),
        # A number of one's own is custom, whoever is named as its provider.
        carrier="custom" if kind == "custom" else words.CARRIERS.get(carrier, "custom"),
        inbound=_bound(row, "inbound"),
        outbound=_bound(row, "outbound"),
    )


def _bound(row: Json, direction: str) -> BindingFacts:
    agent_id = text(row.get(f"{direction}_agent_id"), 120)
    version = span(row.get(f"{direction}_agent_version"))
    if not agent_id:
        return BindingFacts()
    return BindingFacts(agent_id, None if version == ONLY_VERSION else version)
