"""Importing contacts: reading the file, its columns, its rows, and the pages."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from calls.models import ContactImport, ContextVariable, ImportStatus, OnKnown
from calls.people import contact_file, contact_import, contact_rows
from calls.people.contact_file import Table, UnreadableFile
from calls.people.contact_rows import Person
from dashboard.models import Member, Workspace
from tests.factories import make_contact, make_workspace

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ClientOf = Callable[[Member], Client]
Run = Callable[..., ContactImport]
COLUMNS = ("name", "number", "email")
HEAD = "Name,Phone,E-Mail,DNC,Plan\n"


def read(text: str, encoding: str = "utf-8") -> Table:
    return contact_file.read(text.encode(encoding))


def columns(*headers: str) -> list[str]:
    return contact_rows.guess_columns(headers)


def person(
    *cells: str, columns: tuple[str, ...] = COLUMNS, country: str = "US"
) -> Person:
    return contact_rows.read_person(2, cells, list(columns), country)


@pytest.fixture
def store(workspace: Workspace, manager: Member) -> Run:
    """Return a function that stores a file and has it mapped."""

    def store(text: str, on_known: str = OnKnown.SKIP) -> ContactImport:
        row = contact_import.store(
            workspace, manager.user, "people.csv", (HEAD + text).encode()
        )
        choices = {"columns": row.columns, "country": "US", "has_header": True}
        contact_import.choose(row, {**choices, "on_known": on_known}, NOW)
        return row

    return store


@pytest.fixture
def run(store: Run) -> Run:
    """Return a function that imports a file to its end."""

    def run(text: str, on_known: str = OnKnown.SKIP) -> ContactImport:
        row = store(text, on_known=on_known)
        contact_import.start(row, NOW)
        contact_import.run(row.pk)
        return ContactImport.objects.get(pk=row.pk)

    return run


# --- reading the file
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"]
)
def test_every_usual_encoding_is_read(encoding: str) -> None:
    table = read("Name;Telefon\r\nJürgen;030 1\r\n", encoding)
    assert table.head() == [(1, ("Name", "Telefon")), (2, ("Jürgen", "030 1"))]


@pytest.mark.parametrize("delimiter", list(",;\t|"))
def test_the_delimiter_is_found(delimiter: str) -> None:
    rows = [["Name", "Phone"], ['Doe, "Jo"; Ltd', "+1"], ["A\tB|C", "2"]]
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    table = read(buffer.getvalue())
    assert [list(cells) for _, cells in table.lines()] == rows


def test_the_delimiter_that_excel_names_is_taken() -> None:
    assert read("sep=|\r\na,b|c\r\n").head() == [(1, ("a,b", "c"))]


def test_blank_lines_do_not_count() -> None:
    assert [line for line, _ in read("a,b\n\n , \nc,d\n").lines()] == [1, 4]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"PK\x03\x04...", "Excel"),
        (b"%PDF-1.7", "a PDF"),
        (b"a" * (20 * 1024 * 1024 + 1), "20 MB"),
        (b"a,b\n" * 200_002, "200,000"),
        (b'a,b\n"' + b"x" * 200_000, "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(data: bytes, says: str) -> None:
    with pytest.raises(UnreadableFile, match=says):
        contact_file.read(data).count()


# --- which column means what
@pytest.mark.parametrize(
    ("header", "meaning"),
    [
        ("Phone Number", "number"),
        ("Mobile", "number"),
        ("Telefonnummer", "number"),
        ("E-Mail", "email"),
        ("First name", "first_name"),
        ("Nachname", "last_name"),
        ("Account Name", "company"),
        ("TimeZone", "timezone"),
        ("Do Not Call", "do_not_call"),
        ("Plan Name", "attribute:plan_name"),
        ("renewalDate", "attribute:renewalDate"),
        ("2nd place", "attribute:_2nd_place"),
        ("Größe", "attribute:grosse"),
        ("", ""),
    ],
)
def test_headers_are_guessed(header: str, meaning: str) -> None:
    assert columns(header) == [meaning]


def test_a_second_column_of_the_same_meaning_is_ignored() -> None:
    assert columns("Phone", "Mobile") == ["number", ""]


def test_a_file_without_headers_is_noticed() -> None:
    table = read("Maria,+14155550142,maria@example.com,Gold\n")
    assert not table.has_header()
    assert contact_rows.guess_from_cells(table.head()[0][1]) == [
        "name",
        "number",
        "email",
        "attribute:column_4",
    ]


# --- what a row says
def test_a_row_becomes_a_person() -> None:
    row = person("Maria", "(415) 555-0142", "maria@example.com")
    assert row.number == "+14155550142"
    assert row.fields == {"name": "Maria", "email": "maria@example.com"}


def test_first_and_last_name_come_together() -> None:
    names = ("first_name", "last_name", "number")
    row = person("Maria", "Alvarez", "+14155550142", columns=names)
    assert row.fields["name"] == "Maria Alvarez"


def test_numbers_are_of_the_country_chosen() -> None:
    assert person("", "0171 2345678", "", country="DE").number == "+491712345678"


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (("Maria", "", ""), "no phone number"),
        (("Maria", "12", ""), "“12” is not a phone number"),
        (("Maria", "4.91712E+11", ""), "rounded"),
        (("Maria", "+14155550142", "nomail"), "not an e-mail address"),
        (("M" * 121, "+14155550142", ""), "longer than 120"),
        (("Maria", "+14155550142", "", "more"), "4 cells"),
    ],
)
def test_a_row_that_cannot_be_taken_says_why(cells: tuple[str, ...], says: str) -> None:
    assert says in person(*cells).reason


@pytest.mark.parametrize(("cell", "said"), [("Yes", True), ("ja", True), ("0", False)])
def test_do_not_call_is_yes_or_no(cell: str, said: bool) -> None:
    row = person("+14155550142", cell, columns=("number", "do_not_call"))
    assert row.fields["do_not_call"] is said


def test_a_do_not_call_that_is_neither_is_refused() -> None:
    row = person("+14155550142", "perhaps", columns=("number", "do_not_call"))
    assert "neither yes nor no" in row.reason


def test_the_same_number_twice_in_a_file_is_refused_the_second_time() -> None:
    lines = [(2, ("+14155550142",)), (3, ("(415) 555-0142",))]
    first, second = contact_rows.people(lines, ["number"], "US")
    assert not first.reason
    assert second.reason == "Line 2 has the same number."


@pytest.mark.parametrize(("cell", "says"), [("12", ""), ("many", "seats must be")])
def test_an_attribute_must_be_of_its_kind(cell: str, says: str) -> None:
    seats = ContextVariable(scope="contact", name="seats", kind="number")
    lines = [(2, ("+14155550142", cell))]
    columns = ["number", "attribute:seats"]
    (row,) = contact_rows.people(lines, columns, "US", defined=[seats])
    assert row.reason.startswith(says) and bool(row.reason) == bool(says)
    assert row.attributes == ({} if says else {"seats": "12"})


# --- importing
@pytest.mark.django_db
def test_what_is_defined_holds_for_imports(run: Run, workspace: Workspace) -> None:
    workspace.context_variables.create(
        scope="contact", name="plan", label="Plan", kind="select", options=["Gold"]
    )
    row = run("Maria,+14155550142,,,Gold\nTheo,+14155550143,,,Iron\n")
    assert (row.counts["new"], row.counts["refused"]) == (1, 1)
    assert workspace.contacts.get().attributes == {"plan": "Gold"}


@pytest.mark.django_db
def test_new_people_are_written(run: Run, workspace: Workspace) -> None:
    row = run("Maria,+14155550142,maria@example.com,,Gold\n")
    contact = workspace.contacts.get()
    assert (contact.name, contact.attributes) == ("Maria", {"plan": "Gold"})
    assert row.status == ImportStatus.DONE
    assert row.counts == {"new": 1, "updated": 0, "unchanged": 0, "refused": 0}


@pytest.mark.django_db
def test_a_known_number_is_left_alone_unless_told_otherwise(
    run: Run, workspace: Workspace
) -> None:
    make_contact(workspace, name="Mary", number="+14155550142")
    assert run("Maria,+14155550142,,,Gold\n").counts["unchanged"] == 1
    assert workspace.contacts.get().name == "Mary"


@pytest.mark.django_db
def test_an_update_changes_what_the_file_has_and_keeps_the_rest(
    run: Run, workspace: Workspace
) -> None:
    contact = make_contact(
        workspace,
        name="Mary",
        number="+14155550142",
        company="Brightside",
        attributes={"plan": "Silver", "since": "2020"},
    )
    row = run("Maria,+14155550142,,,Gold\n", on_known=OnKnown.UPDATE)
    assert row.counts["updated"] == 1
    found = workspace.contacts.get()
    assert (found.pk, found.name, found.company) == (contact.pk, "Maria", "Brightside")
    assert found.attributes == {"plan": "Gold", "since": "2020"}


@pytest.mark.django_db
def test_an_update_that_changes_nothing_is_not_counted_as_one(run: Run) -> None:
    text = "Maria,+14155550142,maria@example.com,,Gold\n"
    run(text)
    assert run(text, on_known=OnKnown.UPDATE).counts["unchanged"] == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("was", "cell"), [(True, "no"), (True, ""), (False, "yes")])
def test_an_import_sets_do_not_call_and_never_lifts_it(
    run: Run, workspace: Workspace, was: bool, cell: str
) -> None:
    make_contact(workspace, number="+14155550142", do_not_call=was)
    run(f"Maria,+14155550142,,{cell},\n", on_known=OnKnown.UPDATE)
    assert workspace.contacts.get().do_not_call


@pytest.mark.django_db
def test_another_workspaces_contacts_are_not_touched(run: Run) -> None:
    other = make_workspace()
    make_contact(other, name="Mary", number="+14155550142")
    run("Maria,+14155550142,,,\n", on_known=OnKnown.UPDATE)
    assert other.contacts.get().name == "Mary"


@pytest.mark.django_db
def test_running_twice_changes_nothing(run: Run) -> None:
    row = run("Maria,+14155550142,,,\nTheo,1,,,\n")
    contact_import.run(row.pk)
    again = ContactImport.objects.get(pk=row.pk)
    assert (again.counts, again.done) == (row.counts, 2)


@pytest.mark.django_db
def test_a_killed_import_goes_on_and_counts_nothing_twice(
    store: Run, workspace: Workspace
) -> None:
    row = store("".join(f"P{n},+1415555{n:04d},,,\n" for n in range(1500)))
    people = contact_rows.people(contact_import.lines_of(row), row.columns, row.country)
    contact_import.start(row, NOW)
    contact_import._claim(row, NOW)
    contact_import._write(row, [next(people) for _ in range(1000)], 1000)
    ContactImport.objects.update(changed_at=NOW - timedelta(minutes=2))
    contact_import.run(row.pk)
    row.refresh_from_db()
    assert workspace.contacts.count() == row.counts["new"] == row.done == 1500


@pytest.mark.django_db
def test_an_import_somebody_works_on_is_left_to_them(store: Run) -> None:
    row = store("Maria,+14155550142,,,\n")
    ContactImport.objects.update(
        status=ImportStatus.RUNNING, changed_at=datetime.now(tz=UTC)
    )
    contact_import.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.done) == (ImportStatus.RUNNING, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "silent", "is_overdue"),
    [
        ("queued", 10, True),
        ("queued", 1, False),
        ("running", 90, True),
        ("running", 30, False),
        ("done", 999, False),
    ],
)
def test_the_sweep_finds_what_nobody_works_on(
    store: Run, status: str, silent: int, is_overdue: bool
) -> None:
    row = store("Maria,+14155550142,,,\n")
    then = NOW - timedelta(seconds=silent)
    ContactImport.objects.update(status=status, changed_at=then)
    assert (row.pk in contact_import.overdue(NOW)) is is_overdue


@pytest.mark.django_db
def test_the_preview_says_what_the_import_then_does(
    store: Run, workspace: Workspace
) -> None:
    make_contact(workspace, number="+14155550142")
    row = store("A,+14155550142,,,\nB,+14155550143,,,\nC,1,,,\nD,2,,,\n")
    preview = contact_import.preview(row)
    assert workspace.contacts.count() == 1
    assert dict(preview.counts) == {
        "new": 1,
        "updated": 0,
        "unchanged": 1,
        "refused": 2,
    }
    assert preview.reasons == [("… is not a phone number.", 2)]


@pytest.mark.django_db
def test_refused_rows_come_back_with_a_reason_and_without_formulas(run: Run) -> None:
    row = run('=1+1,12,,,@x\n"Doe, Jo",+1 2,,,\nOk,+14155550142,,,\n')
    rows = list(csv.reader(io.StringIO("".join(contact_import.refused_csv(row)))))
    assert rows[0] == ["Name", "Phone", "E-Mail", "DNC", "Plan", "reason"]
    assert rows[1] == ["'=1+1", "12", "", "", "'@x", "“12” is not a phone number."]
    assert rows[2][:2] == ["Doe, Jo", "'+1 2"]
    assert len(rows) == 3


@pytest.mark.django_db
def test_a_mended_file_of_refused_rows_can_be_imported(run: Run) -> None:
    text = "".join(contact_import.refused_csv(run("Maria,+1 2,,,\n")))
    table = read(text.replace("+1 2", "+1 415 555 0142"))
    meanings = contact_rows.guess_columns(table.head()[0][1])
    assert meanings[-1] == contact_rows.IGNORE
    lines = list(table.lines())[1:]
    assert next(contact_rows.people(lines, meanings, "US")).number == "+14155550142"


# --- the pages
@pytest.fixture
def client(client_of: ClientOf, manager: Member) -> Client:
    return client_of(manager)


def upload(
    client: Client,
    data: bytes = b"Name,Phone\nMaria,+14155550142\n",
    name: str = "people.csv",
) -> Any:
    file = SimpleUploadedFile(name, data, "text/csv")
    return client.post("/contacts/import/", {"file": file})


def page(name: str, row: ContactImport) -> str:
    return reverse(name, args=[row.pk])


CHOICES = {
    "column_0": "name",
    "column_1": "number",
    "country": "US",
    "on_known": "skip",
    "has_header": "on",
}


@pytest.mark.django_db
def test_a_file_goes_from_upload_to_contacts(
    client: Client, workspace: Workspace, django_capture_on_commit_callbacks: Any
) -> None:
    upload(client)
    row = workspace.imports.get()
    client.post(page("contact_import_map", row), CHOICES)
    preview = client.get(page("contact_import_preview", row)).content.decode()
    assert "San Francisco" in preview
    with django_capture_on_commit_callbacks():
        client.post(page("contact_import_run", row))
    contact_import.run(row.pk)
    assert client.get(page("contact_import_run", row)).status_code == 302
    assert (
        client.get(page("contact_import_result", row)).context["row"].counts["new"] == 1
    )
    assert workspace.contacts.get().name == "Maria"


@pytest.mark.django_db
def test_an_unreadable_file_is_refused_in_words(
    client: Client, workspace: Workspace
) -> None:
    answer = upload(client, b"PK\x03\x04", "people.xlsx")
    assert answer.status_code == 422
    assert "CSV" in answer.content.decode()
    assert not workspace.imports.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"column_1": ""}, "which column holds the phone number"),
        ({"column_0": "number"}, "Two columns are “Phone number”"),
        ({"column_0": "attribute", "attribute_0": "a b"}, "Try “a_b”"),
        ({"column_0": "attribute", "attribute_0": ""}, "needs a name"),
    ],
)
def test_columns_that_do_not_fit_are_refused_in_words(
    client: Client, workspace: Workspace, change: dict[str, str], says: str
) -> None:
    upload(client)
    row = workspace.imports.get()
    answer = client.post(page("contact_import_map", row), CHOICES | change)
    assert answer.status_code == 422
    assert says in answer.content.decode()


@pytest.mark.django_db
def test_starting_twice_starts_once(store: Run) -> None:
    row = store("Maria,+14155550142,,,\n")
    assert [contact_import.start(row, NOW) for _ in range(2)] == [True, False]


@pytest.mark.django_db
def test_progress_is_sent_only_when_there_is_some(client: Client, store: Run) -> None:
    row = store("Maria,+14155550142,,,\n")
    contact_import.start(row, NOW)
    url = page("contact_import_run", row)
    version = client.get(url).context["version"]
    assert client.get(url, {"v": version}).status_code == 204
    assert client.get(url, {"v": "older"}).status_code == 200


@pytest.mark.django_db
def test_every_page_leads_to_where_the_import_is(client: Client, run: Run) -> None:
    row = run("Maria,+14155550142,,,\n")
    for name in ("map", "preview", "run"):
        answer = client.get(page(f"contact_import_{name}", row))
        assert answer.headers["Location"] == page("contact_import_result", row)


@pytest.mark.django_db
def test_refused_rows_are_downloaded_as_a_file(client: Client, run: Run) -> None:
    answer = client.get(page("contact_import_refused", run("Maria,12,,,\n")))
    assert answer["Content-Disposition"] == 'attachment; filename="people-refused.csv"'
    assert "“12” is not a phone number." in answer.getvalue().decode("utf-8-sig")


@pytest.mark.django_db
def test_a_reviewer_may_not_import(
    client_of: ClientOf, reviewer: Member, run: Run
) -> None:
    row = run("Maria,+14155550142,,,\n")
    client = client_of(reviewer)
    assert client.get("/contacts/import/").status_code == 403
    for name in ("map", "preview", "run", "result", "refused"):
        assert client.get(page(f"contact_import_{name}", row)).status_code == 403


@pytest.mark.django_db
def test_another_workspaces_import_is_not_there(
    client: Client, manager: Member
) -> None:
    other = contact_import.store(
        make_workspace(), manager.user, "x.csv", b"Phone\n+14155550142\n"
    )
    assert client.get(page("contact_import_map", other)).status_code == 404
