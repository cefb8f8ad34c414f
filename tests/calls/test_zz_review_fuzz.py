import base64, json, itertools
import pytest
from django.test import Client
from dashboard.models import ApiKey, Workspace
from calls.models import Call
from tests.factories import *
pytestmark = pytest.mark.django_db
SC=["calls:write","calls:read","agents:read","agents:write","numbers:read","numbers:write","contacts:read","contacts:write","suppressions:read","suppressions:write","connections:read"]
WISH = {"to_number": "+14155550100", "agent_id": "agent_1"}
DEEP = "[" * 3000 + "]" * 3000
DEEPOBJ = '{"a":' * 3000 + "1" + "}" * 3000
MID = json.loads('{"a":' * 500 + "1" + "}" * 500)
ODD = ["\x00", "a\x00b", "\ud800", "x" * 5000, "²", "9" * 5000, 10**400, -1, 2**31, 2**63, 1.5, float("nan"), float("inf"), True, None, [], {}, [None], {"a": "\x00"}, {"\x00": "a"}, {"a": "\ud800"}, {"\ud800": "a"}, {"a": float("nan")}, {"a": 10**400}, MID, "334", "+49" + "1" * 15, "+" + "9" * 40, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2030-01-01T00:00:00", " ", "e", {"voice": "\x00"}, {"raw": {"\x00": 1}}, {"max_duration_ms": 10**30}, {"max_duration_ms": -5}, {"opening_line": "{{" * 2000}]
@pytest.fixture
def key(workspace):
    connection = make_connection(workspace)
    make_agent(connection, provider_agent_id="agent_1", versions=2)
    make_number(connection, number="+16285550000")
    make_number(connection, number="+16285550001", carrier="custom")
    return ApiKey.issue(workspace, "Test", SC)[1]
def send(key, method, path, body=None, **headers):
    c = Client(headers={"Authorization": f"Bearer {key}"}, raise_request_exception=False)
    data = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return c.generic(method, path, data=data, content_type="application/json", headers=headers)
FIELDS = ["to_number","agent_id","from_number","agent_version","variables","overrides","sip_headers","metadata","external_id","scheduled_at","contact_id","ignore_e164_validation","trunk_name","customer_name","type"]
def run(cases, key):
    bad = []
    from django.db import transaction
    for name, method, path, body, hdr in cases:
        try:
            with transaction.atomic():
                a = send(key, method, path, body, **hdr)
                code = a.status_code
                if code >= 500:
                    et = getattr(a, "exc_info", None)
                    bad.append((name, code, et and f"{et[0].__name__}: {str(et[1])[:140]}"))
                raise KeyboardInterrupt
        except (KeyboardInterrupt,):
            pass
    return bad
def report(bad):
    for b in bad: print(b)
    assert not bad, len(bad)
def test_native_launch(key):
    cases = []
    for extra in ({}, {"ignore_e164_validation": True}, {"ignore_e164_validation": True, "from_number": "+16285550001", "to_number": "334"}):
        for f, v in itertools.product(FIELDS, ODD):
            cases.append((f"{f}={str(v)[:40]!r} {extra}", "POST", "/api/v1/calls", json.dumps(WISH | extra | {f: v}), {}))
    for b in (DEEP, DEEPOBJ, '{"metadata": %s}' % DEEPOBJ, "\x00", b"\xff\xfe", "nul", '"a"', "[]", "1", "1e999", "-", "", "{\"to_number\": "+"1"*5000+"}"):
        cases.append((f"body {str(b)[:30]}", "POST", "/api/v1/calls", b, {}))
    for h in ("x" * 500, "\u00e9", "a b", "\x01"):
        cases.append((f"idem {h[:10]!r}", "POST", "/api/v1/calls", json.dumps(WISH), {"Idempotency-Key": h}))
    report(run(cases, key))
def test_native_get(key):
    cases = []
    def b64(x): return base64.urlsafe_b64encode(x.encode()).decode()
    from urllib.parse import quote
    vals = ["%00", "x" * 3000, quote("²"), "%ff%fe", "%ed%a0%80", "-1", "9" * 400]
    vals += [quote(b64(x)) for x in ('["2026-01-01T00:00:00Z", 5]', "[" * 2500, '["2026-01-01T00:00:00", "0190a0a0-0000-7000-8000-000000000000"]', '["0001-01-01T00:00:00+14:00", "0190a0a0-0000-7000-8000-000000000000"]', '["9999-12-31T23:59:59-14:00", "0190a0a0-0000-7000-8000-000000000000"]', '{"a":1}', "1", "null", '"ab"', '[null,null]','["2026-02-30T00:00:00Z", "0190a0a0-0000-7000-8000-000000000000"]')]
    for p in ("cursor", "limit", "status", "direction", "external_id", "agent", "agent_id", "number", "q", "since", "until", "when", "contact_id", "from_number", "to_number", "created_after", "created_before"):
        for v in vals:
            cases.append((f"GET calls {p}={v[:50]}", "GET", f"/api/v1/calls?{p}={v}", "", {}))
    for path in ("calls/%00", "calls/x", "calls/x/cancel", "agents/%00", "numbers/%00", "nothing", "", "agents/x", "numbers/+1", "contacts/x", "suppressions", "connections/x"):
        for m in ("GET", "POST", "PATCH", "DELETE", "PUT"):
            cases.append((f"{m} {path}", m, f"/api/v1/{path}", "{}", {}))
    report(run(cases, key))
PATHS = [("POST","v2/create-phone-call"),("POST","v3/create-web-call"),("POST","v3/list-calls"),("POST","v2/list-calls"),("PATCH","v2/update-call/ID"),("POST","v2/stop-call/ID"),("POST","v2/list-agents"),("POST","create-agent"),("PATCH","update-agent/agent_1"),("POST","create-agent-version/agent_1"),("DELETE","delete-agent-version/agent_1"),("POST","publish-agent-version/agent_1"),("POST","publish-agent/agent_1"),("POST","create-retell-llm"),("PATCH","update-retell-llm/LLM"),("POST","create-phone-number"),("POST","import-phone-number"),("PATCH","update-phone-number/+16285550000")]
BASE = {"v2/create-phone-call": {"from_number":"+16285550000","to_number":"+14155550100","override_agent_id":"agent_1"},"v3/create-web-call":{"agent_id":"agent_1"},"create-agent":{"voice_id":"v","response_engine":{"type":"retell-llm","llm_id":"LLM"}},"publish-agent-version/agent_1":{"version":0}, "create-phone-number":{"phone_number":"+14155550177"},"import-phone-number":{"phone_number":"+14155550178","termination_uri":"x"}}
KEYS = {"v2/create-phone-call":["from_number","to_number","override_agent_id","override_agent_version","agent_override","retell_llm_dynamic_variables","custom_sip_headers","metadata","ignore_e164_validation","idempotency_key"],
"v3/create-web-call":["agent_id","agent_version","agent_override","retell_llm_dynamic_variables","metadata"],
"v3/list-calls":["filter_criteria","limit","skip","pagination_key","sort_order","include_total"],
"v2/list-calls":["filter_criteria","limit","skip","pagination_key","sort_order"],
"v2/update-call/ID":["metadata"],
"create-agent":["agent_name","voice_id","response_engine","webhook_url","webhook_events","language","version_title","odd"],
"update-agent/agent_1":["agent_name","voice_id","response_engine","webhook_url","webhook_events","language","version_title","odd"],
"create-agent-version/agent_1":["base_version"],"publish-agent-version/agent_1":["version","version_title"],"publish-agent/agent_1":["version_title"],
"create-retell-llm":["general_prompt","begin_message","model","odd"],"update-retell-llm/LLM":["general_prompt","begin_message","model","odd"],
"create-phone-number":["phone_number","nickname","inbound_agents","outbound_agents","allowed_outbound_country_list","number_provider"],
"import-phone-number":["phone_number","nickname","inbound_agents","outbound_agents","termination_uri"],
"update-phone-number/+16285550000":["nickname","inbound_agents","outbound_agents","allowed_outbound_country_list"],
}
MORE = {"inbound_agents":[[{"agent_id":"agent_1","agent_version":v}] for v in ("²",10**30,"\x00",-1,"9"*5000,True,1.5)]+[[{"agent_id":v}] for v in ("\x00","\ud800",1,None,[])],
"agent_override":[{"agent":{"voice_id":"\x00"}},{"agent":{"max_call_duration_ms":10**40}},{"retell_llm":{"begin_message":"\ud800"}},{"x":{"\x00":"\x00"}},{"agent":{"a":float("nan")}}],
"metadata":[{"switchboard_reference":"\x00"},{"switchboard_reference":"x"*999},{"switchboard_reference":5}],
"response_engine":[{"type":"retell-llm","llm_id":v} for v in ("\x00","\ud800","x"*999,5)]+[{"type":"retell-llm","llm_id":"LLM","version":v} for v in ("\x00",10**30,"²",[])]+[{"type":"custom-llm","x":"\x00"},{"type":["a"]},{"type":"custom-llm","x":float("nan")}],
"webhook_url":["https://a.example/\x00","https://[::1","https://a.example:99999/","https://\u2100.example/","http://","https://a.example/\ud800"],
"webhook_events":[["call_ended"],["\x00"],[[]],"call_ended",{"call_ended":1}],"language":[["\x00"],[5],[[]],["en-US"]],
}
FOPS=[("string",o) for o in ("eq","ne","sw","ew","co")]+[("number",o) for o in ("eq","ne","gt","ge","lt","le")]+[("boolean","eq"),("enum","in"),("range","bt"),("present","pr"),("present","np")]
FNAMES=["agent","call_id","call_status","call_type","direction","disconnection_reason","from_number","to_number","user_sentiment","call_successful","in_voicemail","combined_cost","duration_ms","start_timestamp","end_timestamp","metadata","dynamic_variables","custom_analysis_data","batch_call_id","odd"]
FV=["\x00","\ud800","a",10**400,2**63,2**31,-1,1.5,float("nan"),float("inf"),True,None,[],{},[1,2],["\x00","\x00"],[None,None],[[1],[2]],[float("nan"),float("inf")],1e300,{"a":1},[10**30,10**31],["x"]]
@pytest.fixture
def ids(key, workspace):
    c = make_call(workspace.connections.get(), status="ended", metadata={"k": "v"})
    return {"ID": "call_" + c.pk.hex, "LLM": "llm_" + workspace.agents.get().pk.hex}
def sub(x, ids):
    for k, v in ids.items():
        x = x.replace(k, v) if "override_agent_ID" not in x else x
    return x
def test_compat(key, ids):
    cases = []
    for m, p in PATHS:
        for k in KEYS.get(p, []):
            for v in ODD + MORE.get(k, []) + (MORE["inbound_agents"] if k == "outbound_agents" else []):
                b = json.dumps(BASE.get(p, {}) | {k: v}).replace('"LLM"', '"%s"' % ids["LLM"])
                cases.append((f"{p} {k}={str(v)[:60]!r}", m, "/compat/retell/" + p.replace("ID", ids["ID"]).replace("LLM", ids["LLM"]), b, {}))
        for b in (DEEP, DEEPOBJ, "\x00", b"\xff", "[]", "1", ""):
            cases.append((f"{p} body {str(b)[:20]}", m, "/compat/retell/" + p.replace("ID", ids["ID"]).replace("LLM", ids["LLM"]), b, {}))
    import calls.api.retell_calls as rc
    rc.JOIN_SECONDS = 0.0
    bad = [b for b in run(cases, key) if b[2]]
    report(bad)
def test_compat_filters(key, ids):
    cases = []
    for n in FNAMES:
        for v in FV:
            for t, o in FOPS:
                f = {"type": t, "op": o, "value": v, "key": "k"}
                crit = {n: [f] if n in ("metadata","dynamic_variables","custom_analysis_data") else f}
                if n == "agent": crit = {n: [{"agent_id": v, "version": v}]}
                cases.append((f"v3 {n} {t}.{o} {str(v)[:40]!r}", "POST", "/compat/retell/v3/list-calls", json.dumps({"filter_criteria": crit}), {}))
            for crit in ({n: v}, {n + ".k": v}, {n: [v]}, {n: {"lower_threshold": v}}, {n:{"upper_threshold": v}}):
                cases.append((f"v2 {str(crit)[:60]}", "POST", "/compat/retell/v2/list-calls", json.dumps({"filter_criteria": crit}), {}))
        for k in ("\x00", "\ud800", "'", "a.b", '"', "$", "[0]", "%"):
            for t, o in (("string","eq"),("present","pr"),("string","co")):
                cases.append((f"key {n} {k!r} {o}", "POST", "/compat/retell/v3/list-calls", json.dumps({"filter_criteria": {n: [{"type": t, "op": o, "value": "x", "key": k}]}}), {}))
    report(run(cases, key))
def test_compat_paths(key, ids):
    cases = []
    for t in ("v2/get-call/%s","get-agent/%s","list-agent-versions/%s","get-retell-llm/%s","get-phone-number/%s","get-agent/agent_1?version=%s","v2/list-phone-numbers?limit=%s","v2/list-phone-numbers?pagination_key=%s","list-agents?pagination_key=%s","list-agents?limit=%s","get-retell-llm/"+ids["LLM"]+"?version=%s"):
        for v in ("%00","x","%ed%a0%80","%C2%B2","9"*400,"-1","+1","llm_%00","call_%00", "llm_x", "%F0%9F%98%80"):
            for m in ("GET","POST","PATCH","DELETE"):
                cases.append((f"{m} {t%v}"[:90], m, "/compat/retell/" + t % v, "{}", {}))
    for p in ("/compat/retell", "/compat/retell/", "/compat/x/y", "/compat/", "/webhooks/", "/webhooks/a", "/webhooks/%00/", "/webhooks/x/y/", "/metricsx", "/healthzz", "/api/v1", "/api/", "/recordings/%00.wav", "/recordings/x.wav"):
        for m in ("GET", "POST"):
            cases.append((f"{m} {p}", m, p, "{}", {}))
    report(run(cases, key))
