"""What our own API is asked with, as JSON Schema: the bodies of its OpenAPI text.

They say all that can be said beforehand: what breaks one of their rules is a 400. What
fits and is refused all the same conflicts with what there is (404, 409), or is for the
gate to say. The server also reads what people write, such as numbers in other formats.
"""

from zoneinfo import available_timezones

from agents import phone
from agents.connection_forms import LONGEST_SETTING, MAX_CONCURRENCY
from agents.providers.base import Provider, Setting
from agents.providers.registry import PROVIDERS
from agents.setups import MAX_CPS
from calls import bounds
from calls.api.native_pieces import (
    AMOUNT,
    ANY,
    DAY,
    EMAIL,
    EMPTY,
    MOMENT,
    address,
    anything,
    body,
    listed,
    named,
    needs,
    places,
    some,
    text,
    whole,
)
from calls.api.native_shapes import (
    ID,
    WHOLE,
    YES_NO,
    Json,
    maybe,
    one_of,
    ref,
    told,
)
from calls.hooks import voices
from calls.models import Scope
from calls.models.variables import LONGEST_VALUE, NO, YES
from calls.models.variables import NUMBER as NUMERAL
from calls.people import contact_rows, variable_book
from calls.people.contact_rows import VARIABLE_NAME

NUMBER = ref("PhoneNumber")
VARIABLES = named(bounds.VARIABLE_NAME.pattern, text())
ATTRIBUTES = named(VARIABLE_NAME.pattern, text(contact_rows.LONGEST_VALUE))
# Both together have at most bounds.LONGEST_HEADER characters.
HEADERS = named(bounds.SIP_NAME.pattern, text(800, "^[ -~]*$"), 200)
VERSION: Json = {"anyOf": [WHOLE, text(40), {"type": "null"}]}
TIMEZONE = one_of(["", *sorted(available_timezones())])


# --- Calls ---------------------------------------------------------------------------
# Who is called (a number, a contact, or nobody), and who calls.
CALLEES = (
    needs("to_number", to_number=NUMBER),
    needs("contact_id", contact_id=ID, to_number=EMPTY),
    needs(
        *("to_number", "ignore_e164_validation"),
        ignore_e164_validation={"const": True},
        type={"const": "phone"},
        to_number=text(40, f"^{bounds.UNCHECKED_NUMBER.pattern}$"),
    ),
    needs("type", type={"const": "web"}, to_number={"anyOf": [EMPTY, NUMBER]}),
)
CALLERS = (
    needs("agent_id", agent_id=some(120), from_number=text(40)),
    needs("from_number", agent_id=EMPTY, from_number=some(40)),
)
LAUNCH = body(
    "A wish to call: somebody, by an agent or from a number that has one.",
    to_number=told("In E.164; of a phone call, this or a contact.", {"type": "string"}),
    agent_id={"type": "string"},
    from_number={"type": "string"},
    agent_version=told("A number, `latest`, `latest_published` or null.", VERSION),
    variables=VARIABLES,
    overrides=ref("OverridesIn"),
    sip_headers=HEADERS,
    metadata=ref("AnyObject"),
    external_id=text(200),
    scheduled_at=maybe(text(40, MOMENT)),
    contact_id=maybe(ID),
    ignore_e164_validation=YES_NO,
    trunk_name=text(120),
    customer_name=text(120),
    type=one_of(["phone", "web"]),
)
OVERRIDES = body(
    "Settings of the agent for one call; `raw` is in the provider's own words.",
    voice=text(),
    model=text(),
    opening_line=text(),
    max_duration_ms=maybe(whole(*bounds.MAX_DURATION_MS)),
    raw=ref("AnyObject"),
)


def _launch() -> Json:
    pairs = ((callee, caller) for callee in CALLEES for caller in CALLERS)
    return LAUNCH | {"anyOf": [{"allOf": [*pair]} for pair in pairs]}


# --- People --------------------------------------------------------------------------
PERSON = {
    "name": maybe(text(120)),
    "number": NUMBER,
    "email": maybe(text(254, EMAIL)),
    "company": maybe(text(120)),
    "timezone": {"anyOf": [TIMEZONE, {"type": "null"}]},
    "do_not_call": maybe(YES_NO),
    "attributes": maybe(ATTRIBUTES),
}

# --- Lines ---------------------------------------------------------------------------
BOUND: Json = {"anyOf": [ref("BoundIn"), {"type": "null"}]}
PACE = told("At most what the carrier allows (409).", places(2, MAX_CPS))


def _connection(kind: type[Provider]) -> Json:
    """Return the body that connects an account at one provider."""
    values = {setting.name: _setting(setting) for setting in kind.settings}
    needed = [s.name for s in kind.settings if s.is_required and not s.default]
    has_address = bool(kind.default_base_url)
    return body(
        f"An account at {kind.label}.",
        ["provider", "name", *(["settings"] if needed else [])],
        provider={"const": kind.slug},
        name=some(80),
        base_url=address(300, is_needed=False) if has_address else EMPTY,
        concurrency=whole(1, MAX_CONCURRENCY),
        settings=body("Those of `connection add --set`.", needed, **values),
    )


def _setting(setting: Setting) -> Json:
    if setting.choices:
        return one_of(["", *setting.choices])
    is_needed = setting.is_required and not setting.default
    return some(LONGEST_SETTING) if is_needed else text(LONGEST_SETTING)


# --- Webhooks ------------------------------------------------------------------------
EVENTS = sorted({word for voice in voices.VOICES.values() for word in voice.EVENTS})


def _endpoint(dialect: str) -> Json:
    """Return the body that adds an endpoint of one format."""
    is_usual = dialect == voices.NATIVE
    return body(
        f"A new endpoint, in the format “{dialect}”.",
        ["url", *([] if is_usual else ["format"])],
        url=address(600),
        format={"const": dialect},
        name=text(120),
        events=listed(one_of(voices.VOICES[dialect].EVENTS), 50),
    )


# --- All of them ---------------------------------------------------------------------
def bodies() -> dict[str, Json]:
    """Return the components that bodies are described by, by their names."""
    return _values() | _people() | _variables() | _lines() | _programs()


def _values() -> dict[str, Json]:
    words = "A number in E.164, as the numbering plan of its country has them."
    number: Json = {"type": "string", "pattern": phone.pattern()}
    return {
        "PhoneNumber": told(words, number),
        "AnyValue": ANY,
        "AnyObject": anything(),
        "LaunchIn": _launch(),
        "OverridesIn": OVERRIDES,
    }


def _people() -> dict[str, Json]:
    barred = "A number that nobody may call any more."
    return {
        "ContactIn": body("A new contact.", ["number"], **PERSON),
        "ContactChange": body("What is left out stays; null empties.", **PERSON),
        "SuppressionIn": body(barred, ["number"], number=NUMBER, reason=text(200)),
    }


# --- Variables -----------------------------------------------------------------------
# What the business's value may be, by its kind. Of a list, one of its options (or
# nothing yet), which a schema cannot say.
VALUES: dict[str, Json] = {
    "text": text(LONGEST_VALUE),
    "number": text(40, f"^(?:{NUMERAL.pattern})?$"),
    "date": text(10, f"^(?:{DAY})?$"),
    "boolean": one_of(["", *YES, *NO]),
    "select": told("One of the options, or nothing yet.", EMPTY),
}


def _variables() -> dict[str, Json]:
    options = listed(some(variable_book.LONGEST_OPTION), variable_book.MOST_OPTIONS)
    said = {
        "label": some(120),
        "description": text(300),
        "options": {**options, "uniqueItems": True},
    }
    name = text(60, f"^(?:{VARIABLE_NAME.pattern})$")
    change: Json = {"kind": one_of(VALUES), "value": text(LONGEST_VALUE), **said}
    words = "A new variable; `value` is the business's, contacts have their attributes."
    new = body(words, ["scope", "name", "label"], scope={}, name=name, **change)
    fits = [_variable(scope, kind) for scope in Scope.values for kind in VALUES]
    return {
        "VariableIn": new | {"anyOf": fits},
        "VariableChange": body("What does not fit to the rest of it: 409.", **change),
    }


def _variable(scope: str, kind: str) -> Json:
    """Return what a new variable of that kind must be."""
    value = VALUES[kind] if scope == Scope.BUSINESS else EMPTY
    options: Json = {"minItems": 1} if kind == "select" else {"maxItems": 0}
    must = ["scope", *(["kind"] if kind != "text" else [])]
    must += ["options"] if kind == "select" else []
    is_kind: Json = {"kind": {"const": kind}, "options": options, "value": value}
    return needs(*must, scope={"const": scope}, **is_kind)


def _lines() -> dict[str, Json]:
    agent = "An agent, and a version (none: always the latest)."
    return {
        "BoundIn": body(agent, ["id"], id=text(120), version=VERSION),
        "NumberIn": body(
            "What is left out stays; null switches off.",
            inbound_agent=BOUND,
            outbound_agent=BOUND,
            label=text(120),
            cps=PACE,
            countries=listed(one_of(phone.regions()), 250),
        ),
        "ConnectionIn": {"anyOf": [_connection(kind) for kind in PROVIDERS.values()]},
        "ConnectionChange": body(
            "What is left out stays. Secrets are replaced by the page.",
            name=some(80),
            concurrency=whole(1, MAX_CONCURRENCY),
            is_active=YES_NO,
        ),
    }


def _programs() -> dict[str, Json]:
    return {
        "EndpointIn": {"anyOf": [_endpoint(dialect) for dialect in voices.VOICES]},
        "EndpointChange": body(
            "What is left out stays; the events are those of its format (409).",
            url=address(600),
            name=text(120),
            events=listed(one_of(EVENTS), 50),
            is_paused=YES_NO,
        ),
        "TopUpIn": body(
            "Money into the wallet; a currency must be the wallet's (409).",
            ["amount"],
            amount={"anyOf": [text(12, AMOUNT), places(4, 1_000_000)]},
            currency=text(3, "^(?:[A-Z]{3})?$"),
            note=text(200),
        ),
    }
