"""Where files are kept: a folder or a bucket, by one address; the bucket over HTTP."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import StorageHandler

from dashboard import files

FOLDER = Path("/somewhere/recordings")


def test_without_an_address_it_is_the_folder() -> None:
    told = files.storage("", FOLDER, "recordings")
    assert told["BACKEND"] == files.FOLDER
    assert told["OPTIONS"]["location"] == str(FOLDER)


def test_a_folder_may_be_named_as_an_address() -> None:
    told = files.storage("file:///mnt/share", FOLDER, "exports")
    assert told["OPTIONS"]["location"] == "/mnt/share/exports"


def test_a_bucket_is_told_with_all_it_needs() -> None:
    url = "s3://key:se%2Fcret@bucket/calls?endpoint=https://s3.example&region=eu-1"
    options = files.storage(url, FOLDER, "recordings")["OPTIONS"]
    assert options["bucket_name"] == "bucket"
    assert options["location"] == "calls/recordings"
    assert (options["access_key"], options["secret_key"]) == ("key", "se/cret")
    assert options["endpoint_url"] == "https://s3.example"


@pytest.mark.parametrize(
    "url", ["ftp://x", "s3://", "s3://b?zone=1", "/plain", "file:"]
)
def test_an_address_that_is_none_is_refused_in_words(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="RECORDINGS_URL"):
        files.storage(url, FOLDER, "recordings")


class Bucket(BaseHTTPRequestHandler):
    """A little of S3: put, get with a range, head, delete; it believes everybody."""

    # So that a client that asks whether it may send is answered at once.
    protocol_version = "HTTP/1.1"
    kept: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[str]] = []

    def do_PUT(self) -> None:
        """Keep an object."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.kept[self._name()] = body
        self._answer(200)

    def do_GET(self) -> None:
        """Give an object, or a range of it."""
        body = self.kept.get(self._name())
        if body is None:
            self._answer(404)
            return
        asked = self.headers.get("Range", "")
        if asked:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            end = min(int(last or len(body) - 1), len(body) - 1)
            part = body[int(first) : end + 1]
            told = f"bytes {first}-{end}/{len(body)}"
            self._answer(206, part, {"Content-Range": told})
        else:
            self._answer(200, body)

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        """Forget an object."""
        self.kept.pop(self._name(), None)
        self._answer(204)

    def _name(self) -> str:
        self.asked.append(f"{self.command} {self.headers.get('Range', '')}".strip())
        return self.path.partition("?")[0]

    def _answer(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        usual = {"ETag": '"1"', "Last-Modified": "Fri, 20 Nov 2026 12:00:00 GMT"}
        for name, value in (usual | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def bucket() -> Iterator[str]:
    """Serve a bucket; return its address."""
    Bucket.kept.clear()
    Bucket.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_bucket_keeps_gives_by_parts_and_forgets(bucket: str) -> None:
    url = f"s3://key:secret@calls/here?endpoint={bucket}&region=eu-1"
    told: Any = files.storage(url, FOLDER, "recordings")
    store = StorageHandler({"recordings": told})["recordings"]
    body = bytes(range(256)) * 1_000
    name = store.save("space/call-1.wav", ContentFile(body))
    assert list(Bucket.kept) == ["/calls/here/recordings/space/call-1.wav"]
    assert store.exists(name) and store.size(name) == len(body)
    with store.open(name, "rb") as file:
        file.seek(1_000)
        assert file.read(24) == body[1_000:1_024]
    assert store.save(name, ContentFile(b"other")) != name
    store.delete(name)
    assert not store.exists(name)


def test_a_bucket_without_its_package_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files, "find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match="pip install"):
        files.storage("s3://bucket", FOLDER, "recordings")
