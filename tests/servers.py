"""Real servers for tests: on free ports of 127.0.0.1, in a folder of their own, stopped by their own pid."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PORTS = range(10_100, 32_000)
START_S = 120
STOP_S = 60


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running cluster, with a superuser named ``tessera`` and no password."""

    port: int

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://tessera@127.0.0.1:{self.port}/{database}"


@dataclass(frozen=True, slots=True)
class Redis:
    port: int

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


@dataclass(frozen=True, slots=True)
class Varnish:
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def free_port() -> int:
    """A port that nobody listens at, for a server that is started now, and perhaps again.

    Below those that the system gives to connections: until the server has it, one of hundreds of them could take it.
    """
    while True:
        port = PORTS.start + secrets.randbelow(len(PORTS))
        with socket.socket() as probe, suppress(OSError):  # taken: another
            probe.bind(("127.0.0.1", port))
            return port


def program(name: str) -> str:
    """Find a server's program; Debian keeps PostgreSQL's out of the path, and Varnish's out of that of users."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin") or next(map(str, debian), None)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed: see `make test`")
    return found


@contextmanager
def postgres() -> Iterator[Postgres]:
    """PostgreSQL refuses root: then it runs as the user that its package made, in a folder of that user's."""
    with _folder("tessera-postgres-") as folder:
        prefix: list[str] = []
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            prefix = [
                program("setpriv"),
                f"--reuid={owner.pw_uid}",
                f"--regid={owner.pw_gid}",
                "--clear-groups",
            ]
        data, port = folder / "data", free_port()
        # A collation unlike C, as most servers have: what must be ordered by code point has to say so itself.
        collation = ["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en"]
        making = ["-D", str(data), "-U", "tessera", "-A", "trust", "-E", "UTF8", "--no-sync", *collation]
        initdb = [*prefix, program("initdb"), *making]
        subprocess.run(initdb, cwd=folder, check=True, capture_output=True, timeout=START_S)
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(folder),
            "fsync": "off",
            "max_connections": "60",
            "shared_buffers": "32MB",
        }
        command = [*prefix, program("postgres"), "-D", str(data), "-p", str(port)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        ready = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port), "-U", "tessera"]
        with _running(command, folder, lambda: subprocess.run(ready, check=False, timeout=START_S).returncode == 0):
            yield Postgres(port)


@contextmanager
def redis() -> Iterator[Redis]:
    with _folder("tessera-redis-") as folder:
        port = free_port()
        command = [program("redis-server"), "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
        command += ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        with _running(command, folder, lambda: _answers(port, b"PING\r\n", b"+PONG")):
            yield Redis(port)


@contextmanager
def varnish(vcl: str, port: int | None = None) -> Iterator[Varnish]:
    """Varnish with this VCL, an empty cache in memory, and no console; its modules are Debian's."""
    with _folder("tessera-varnish-") as folder:
        (folder / "edge.vcl").write_text(vcl, "utf-8")
        port = port or free_port()
        command = [program("varnishd"), "-F", "-j", "none", "-n", str(folder / "work"), "-a", f"127.0.0.1:{port}"]
        command += ["-T", "none", "-f", str(folder / "edge.vcl"), "-s", "malloc,64m", "-p", "vsl_space=1m"]
        question = b"GET /is-there HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n"
        with _running(command, folder, lambda: _answers(port, question, b"HTTP/1.1 ")):
            yield Varnish(port)


@contextmanager
def _folder(prefix: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _running(command: Sequence[str], folder: Path, ready: Callable[[], bool]) -> Iterator[None]:
    log = folder / "log"
    with ExitStack() as stack:
        output = stack.enter_context(log.open("wb"))
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        stack.callback(_stop, process)
        deadline = time.monotonic() + START_S
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command} did not start:\n{log.read_text(errors='replace')[-2_000:]}")
            time.sleep(0.05)
        yield


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(2)  # all take SIGINT as: end now, cleanly, without waiting for clients
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_S)


def _answers(port: int, question: bytes, answer: bytes) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(question)
            return connection.recv(64).startswith(answer)
    except OSError:
        return False
