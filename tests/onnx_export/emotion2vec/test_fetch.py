"""Fetching: FunASR's part is played by a fake; then the hubs' clients are real, their hubs not."""

import hashlib
import json
import subprocess
import sys
import threading
import types
import urllib.parse
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch

HUB = "funasr.download.download_model_from_hub"
FILES = {
    "model.pt": bytes(range(256)) * 4096,
    "config.yaml": b"model: x\n",
    "configuration.json": b"{}",
    "tokens.txt": b"labels",
}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def hub(
    monkeypatch: pytest.MonkeyPatch,
    download: Callable[[str], Path],
    cached: dict[str, Path] | None = None,
) -> None:
    """Put `download` in FunASR's place and an empty cache (or `cached`) in the clients'."""
    from tonewatch.onnx_export.emotion2vec import fetch

    module = types.ModuleType(HUB)
    for name in ("get_or_download_model_dir", "get_or_download_model_dir_hf"):
        setattr(module, name, lambda model, revision, **_: str(download(model)))
    package = types.ModuleType("funasr.download")
    package.download_model_from_hub = module  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "funasr", types.ModuleType("funasr"))
    monkeypatch.setitem(sys.modules, "funasr.download", package)
    monkeypatch.setitem(sys.modules, HUB, module)
    monkeypatch.setattr(fetch, "_cached", lambda name, which: (cached or {}).get(which))


def pin(monkeypatch: pytest.MonkeyPatch, model: str, data: bytes) -> None:
    from tonewatch.onnx_export.emotion2vec.pins import PINS

    monkeypatch.setitem(PINS, model, {"model.pt": digest(data)})


def get(model: str = "emotion2vec_plus_base", which: str = "hf") -> Path:
    from tonewatch.onnx_export.emotion2vec.fetch import fetch

    return fetch(model, which, lambda line: None)  # type: ignore[arg-type]


def refused(model: str = "emotion2vec_plus_base") -> str:
    from tonewatch.onnx_export.errors import ExportError

    with pytest.raises(ExportError) as error:
        get(model)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_folder_that_the_hub_gives_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def download(model: str) -> Path:
        asked.append(model)
        return write(tmp_path)

    hub(monkeypatch, download)
    assert get() == tmp_path
    assert get(which="ms") == tmp_path
    assert asked == ["emotion2vec/emotion2vec_plus_base", "iic/emotion2vec_plus_base"]


def no_network(model: str) -> Path:
    raise ConnectionError("no route\nto host")


def test_a_copy_in_either_hubs_cache_needs_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(monkeypatch, no_network, cached={"ms": write(tmp_path)})
    assert get(which="hf") == tmp_path


def test_a_cached_copy_that_is_not_the_published_one_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, "emotion2vec_plus_large", b"another")
    hub(monkeypatch, no_network, cached={"ms": write(tmp_path)})
    assert "no route to host" in refused("emotion2vec_plus_large")


def test_no_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    hub(monkeypatch, no_network)
    line = refused()
    assert "no route to host" in line
    assert "bring model.pt, config.yaml, configuration.json, tokens.txt here by hand" in line
    assert "tonewatch export emotion2vec_plus_base/" in line


def test_a_full_disk_names_the_way_to_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(model: str) -> Path:
        try:
            raise OSError(28, "No space left on device")
        except OSError as error:
            raise RuntimeError("download failed") from error

    hub(monkeypatch, full)
    line = refused()
    assert "no space left" in line
    assert "HF_HOME" in line


def test_a_download_without_weights_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(monkeypatch, lambda _: write(tmp_path, {"tokens.txt": b""}))
    assert "model.pt, config.yaml, configuration.json did not come" in refused()


def test_a_broken_file_is_deleted_and_fetched_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, "emotion2vec_plus_large", FILES["model.pt"])
    there: list[bool] = []

    def download(_: str) -> Path:
        there.append((tmp_path / "model.pt").exists())
        return write(tmp_path, FILES | ({"model.pt": b"half"} if len(there) == 1 else {}))

    hub(monkeypatch, download)
    assert get("emotion2vec_plus_large") == tmp_path
    assert there == [False, False]


def test_a_file_that_stays_broken_is_deleted_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, "emotion2vec_plus_large", b"another")
    hub(monkeypatch, lambda _: write(tmp_path))
    line = refused("emotion2vec_plus_large")
    assert "model.pt from Hugging Face differ from the published SHA-256" in line
    assert "--hub ms" in line
    assert not (tmp_path / "model.pt").exists()


class FakeHub(ThreadingHTTPServer):
    """What both hubs' clients ask for; the first answers with weights break off."""

    daemon_threads = True

    def __init__(self, breaks: int, wrong: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.breaks, self.wrong = breaks, wrong
        self.ranges: list[str | None] = []


def modelscope_files() -> dict[str, object]:
    """ModelScope's listing of FILES."""
    files = [
        {
            "Name": name,
            "Path": name,
            "Type": "blob",
            "Size": len(data),
            "Sha256": digest(data),
            "Revision": "a" * 40,
            "CommittedDate": 1_700_000_000,
        }
        for name, data in FILES.items()
    ]
    return {"Code": 200, "Success": True, "Message": "", "Data": {"Files": files}}


class Handler(BaseHTTPRequestHandler):
    server: FakeHub

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        where = urllib.parse.urlsplit(self.path)
        if where.path.endswith("/repo/files"):
            return self._send(json.dumps(modelscope_files()), {})
        if "/tree/" in self.path:
            tree = [
                {"type": "file", "path": name, "size": len(data), "oid": digest(data)}
                for name, data in FILES.items()
            ]
            return self._send(json.dumps(tree), {})
        asked = urllib.parse.parse_qs(where.query).get("FilePath")
        if self.path.startswith("/api/") and not asked:
            siblings = [{"rfilename": name} for name in FILES]
            return self._send(json.dumps({"id": "x", "sha": "a" * 40, "siblings": siblings}), {})
        name = asked[0] if asked else where.path.rsplit("/", 1)[-1]
        data = FILES[name]
        if name != "model.pt" or not body:
            return self._send(data, {"ETag": f'"{digest(data)}"'}, body=body)
        self.server.ranges.append(self.headers["Range"])
        if self.server.wrong > 0:
            self.server.wrong -= 1
            data = bytes(len(data))
        start = int((self.headers["Range"] or "bytes=0-")[6:].split("-")[0])
        total, data = len(data), data[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.end_headers()
        broken = self.server.breaks > 0
        self.server.breaks -= 1
        self.wfile.write(data[: len(data) // 2] if broken else data)
        self.close_connection = True
        return None

    def _send(self, data: bytes | str, headers: dict[str, str], *, body: bool = True) -> None:
        data = data.encode() if isinstance(data, str) else data
        self.send_response(200)
        for key, value in (headers | {"Content-Length": str(len(data))}).items():
            self.send_header(key, value)
        self.send_header("X-Repo-Commit", "a" * 40)
        self.end_headers()
        if body:
            self.wfile.write(data)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., FakeHub]]:
    running: list[FakeHub] = []

    def start(**words: int) -> FakeHub:
        running.append(FakeHub(**words))
        threading.Thread(target=running[-1].serve_forever, daemon=True).start()
        return running[-1]

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def real_client(
    server: FakeHub, home: Path, expect: bytes, which: str = "hf"
) -> subprocess.CompletedProcess[str]:
    """Fetch in a process of its own: the client reads its hub's address when it is imported."""
    code = (
        "from tonewatch.onnx_export.emotion2vec.fetch import fetch\n"
        "from tonewatch.onnx_export.emotion2vec.pins import PINS\n"
        f"PINS['emotion2vec_plus_large'] = {{'model.pt': {digest(expect)!r}}}\n"
        f"print(fetch('emotion2vec_plus_large', {which!r}, print))\n"
    )
    environment = {
        "MODELSCOPE_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_HOME": str(home),
        "MODELSCOPE_CACHE": str(home / "ms"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "*",
        "HOME": str(home),
        "PYTHONPATH": str(Path(__file__).parents[3] / ".dev"),
    }
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.slow
@pytest.mark.parametrize("which", ["hf", "ms"])
def test_a_download_that_breaks_off_goes_on_where_it_stopped(
    tmp_path: Path, serve: Callable[..., FakeHub], monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    # Hugging Face's client keeps whole pieces of 10 MB of what came.
    monkeypatch.setitem(FILES, "model.pt", bytes(range(256)) * 100_000)
    server = serve(breaks=1)
    done = real_client(server, tmp_path, FILES["model.pt"], which)
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.splitlines()[-1])
    assert (folder / "model.pt").read_bytes() == FILES["model.pt"]
    assert server.ranges[0] in (None, "bytes=0-")
    assert int(str(server.ranges[-1])[6:].split("-")[0]) >= 10_485_760


@pytest.mark.slow
def test_what_came_wrong_is_not_taken_from_the_cache_again(
    tmp_path: Path, serve: Callable[..., FakeHub]
) -> None:
    server = serve(breaks=0, wrong=1)
    done = real_client(server, tmp_path, FILES["model.pt"])
    assert done.returncode == 0, done.stderr
    assert "fetching it once more" in done.stdout
    folder = Path(done.stdout.splitlines()[-1])
    assert (folder / "model.pt").read_bytes() == FILES["model.pt"]
    again = real_client(serve(breaks=0), tmp_path, FILES["model.pt"])
    assert "found" in again.stdout
