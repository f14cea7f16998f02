"""A PostgreSQL server for tests: real, on a Unix socket in a folder of its own.

As root it runs as `nobody`, because PostgreSQL refuses root. Where no server is installed, tests
that need one are skipped, and the skip says so.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql


def programs() -> Path | None:
    """The folder of initdb and pg_ctl; Debian keeps them out of the search path."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """Makes empty databases, on one server for all tests."""
    with server() as empty:
        yield empty


@contextmanager
def server() -> Iterator[Callable[[], str]]:
    """A running server; each call makes an empty database and returns its URL."""
    bin_ = programs()
    if bin_ is None:
        pytest.skip("no PostgreSQL server here (Debian: apt-get install postgresql)")
    # Short: the path of a Unix socket holds at most 107 bytes. Open: `nobody` has to come in.
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    user = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    data = folder / "data"

    def run(program: str, *options: str) -> None:
        command = [str(bin_ / program), "-D", str(data), *options]
        done = subprocess.run(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **user
        )
        assert done.returncode == 0, done.stdout.decode()

    told = f"-c listen_addresses= -c unix_socket_directories={folder} -c max_connections=200"
    try:
        run("initdb", "-U", "tonewatch", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", f"{told} -c fsync=off", "start")
        try:
            yield lambda: _database(folder)
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _database(folder: Path) -> str:
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(
        host=str(folder), user="tonewatch", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return f"postgresql://tonewatch@/{name}?host={folder}"
