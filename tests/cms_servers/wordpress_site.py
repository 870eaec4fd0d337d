"""A WordPress of its own: Debian's files copied into a temporary folder, MariaDB and PHP as plain processes.

Everything listens on free ports of 127.0.0.1 and is stopped by its own process id. The site's time zone is not UTC, as
most are not, and it has a post type and a taxonomy of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.cms_servers.wordpress_install import WORDPRESS
from tests.servers import free_port

MODULE = Path(__file__).parents[2] / "adapters" / "cms" / "wordpress" / "module" / "tessera-webhook.php"
SECRET = "a secret of the test site"
START_S = 60
STOP_S = 15

CONFIG = """<?php
define('DB_NAME', 'wp'); define('DB_USER', 'wp'); define('DB_PASSWORD', 'wp'); define('DB_CHARSET', 'utf8mb4');
define('DB_HOST', '127.0.0.1:%(database)d');
define('WP_HOME', '%(url)s'); define('WP_SITEURL', '%(url)s');
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $k) {
    define($k . '_KEY', "k$k"); define($k . '_SALT', "s$k");
}
define('WP_ENVIRONMENT_TYPE', 'local');  // application passwords over plain HTTP
define('DISABLE_WP_CRON', true); define('AUTOMATIC_UPDATER_DISABLED', true); define('FS_METHOD', 'direct');
define('WP_HTTP_BLOCK_EXTERNAL', true); define('WP_ACCESSIBLE_HOSTS', '127.0.0.1');
define('TESSERA_WEBHOOK_URL', '%(webhook)s'); define('TESSERA_WEBHOOK_SECRET', '%(secret)s');
$table_prefix = 'wp_';
if (!defined('ABSPATH')) { define('ABSPATH', __DIR__ . '/'); }
require_once ABSPATH . 'wp-settings.php';
"""
TYPES = """<?php
add_action('init', function () {
    register_taxonomy('segment', ['post', 'hero'], ['label' => 'Segments', 'show_in_rest' => true]);
    register_post_type('hero', ['label' => 'Heroes', 'public' => true, 'show_in_rest' => true, 'rest_base' => 'heroes',
        'supports' => ['title', 'editor', 'custom-fields', 'thumbnail'], 'taxonomies' => ['post_tag', 'segment']]);
    foreach (['priority' => 'integer', 'related' => 'integer'] as $key => $type) {
        register_post_meta('', $key, ['type' => $type, 'single' => true, 'show_in_rest' => true, 'default' => 0]);
    }
});
add_filter('wp_mail', '__return_empty_array');
// As Polylang has it: the translations of a post by language, itself among them.
function pll_get_post_translations($id) {
    foreach (get_option('test_translations', []) as $group) {
        if (in_array($id, $group)) { return $group; }
    }
    return [];
}
"""
INSTALL = """<?php
define('WP_INSTALLING', true);
$_SERVER += ['HTTP_HOST' => '%(host)s', 'REQUEST_URI' => '/', 'REQUEST_METHOD' => 'GET'];
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
function wp_mail() { return true; }
require __DIR__ . '/site/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
require_once ABSPATH . 'wp-admin/includes/plugin.php';
$made = wp_install('Test', 'admin', 'admin@example.com', true, '', wp_generate_password(24));
update_option('timezone_string', 'Asia/Kolkata');
update_option('permalink_structure', '/%%postname%%/');
$failed = activate_plugin('tessera-webhook/tessera-webhook.php');
if (is_wp_error($failed)) { fwrite(STDERR, $failed->get_error_message()); exit(1); }
[$password] = WP_Application_Passwords::create_new_application_password($made['user_id'], ['name' => 'tests']);
echo json_encode(['password' => $password, 'version' => get_bloginfo('version')]);
"""
ROUTER = """<?php
$root = __DIR__ . '/site';
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path !== '/' && is_file($root . $path)) { return false; }
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
chdir($root);
require $root . '/index.php';
"""


@dataclass(frozen=True, slots=True)
class WordPress:
    """A running site, and its administrator."""

    url: str
    folder: Path
    version: str
    username: str
    password: str

    def api(self, method: str, route: str, body: Mapping[str, Any] | None = None, **query: str) -> Any:
        """What an editor does, by WordPress' own REST API; the decoded answer."""
        answer = requests.request(
            method,
            f"{self.url}/",
            params={"rest_route": f"/wp/v2/{route}", **query},
            json=body,
            auth=(self.username, self.password),
            timeout=60,
        )
        assert answer.ok, f"{method} {route}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def upload(self, name: str, data: bytes, kind: str) -> Any:
        """A file into the media library."""
        answer = requests.post(
            f"{self.url}/",
            params={"rest_route": "/wp/v2/media"},
            data=data,
            headers={"Content-Type": kind, "Content-Disposition": f'attachment; filename="{name}"'},
            auth=(self.username, self.password),
            timeout=60,
        )
        assert answer.ok, answer.text[:500]
        return answer.json()

    def cron(self) -> None:
        """What the system's timer would do each minute."""
        requests.get(f"{self.url}/wp-cron.php", timeout=60).raise_for_status()

    def php(self, code: str) -> str:
        """What a program on the site's machine does; gives what it prints."""
        load = f"$_SERVER['HTTP_HOST'] = '{self.url.removeprefix('http://')}'; require 'site/wp-load.php'; {code}"
        done = subprocess.run(
            ["php", "-r", load], cwd=self.folder, check=False, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def wordpress(webhook: str) -> Iterator[WordPress]:
    """A fresh site with the plugin active, which announces changes to that address."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="tessera-wordpress-"))
        stack.callback(shutil.rmtree, folder)
        database = stack.enter_context(_mariadb(folder))
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        values = {"database": database, "url": url, "webhook": webhook, "secret": SECRET, "host": f"127.0.0.1:{port}"}
        installed = _site(folder, values)
        log = stack.enter_context((folder / "php.log").open("wb"))
        process = subprocess.Popen(
            ["php", "-S", f"127.0.0.1:{port}", "-t", str(folder / "site"), str(folder / "router.php")],
            cwd=folder,
            env={**os.environ, "PHP_CLI_SERVER_WORKERS": "4"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its workers are stopped with it
        )
        stack.callback(_stop_all, process)
        site = WordPress(url, folder, installed["version"], "admin", installed["password"])
        _wait(lambda: requests.get(url, params={"rest_route": "/"}, timeout=20).ok, process, folder / "php.log")
        yield site


def _site(folder: Path, values: Mapping[str, object]) -> dict[str, str]:
    site = folder / "site"
    shutil.copytree(WORDPRESS, site, symlinks=True, ignore=shutil.ignore_patterns("wp-config.php", ".htaccess"))
    content = site / "wp-content"
    plugin = content / "plugins" / "tessera-webhook"
    for place in (plugin, content / "mu-plugins", content / "uploads"):
        place.mkdir(parents=True)
    shutil.copy(MODULE, plugin)
    (content / "mu-plugins" / "types.php").write_text(TYPES)
    (site / "wp-config.php").write_text(CONFIG % values)
    (folder / "router.php").write_text(ROUTER)
    (folder / "install.php").write_text(INSTALL % values)
    done = subprocess.run(
        ["php", "install.php"], cwd=folder, check=False, capture_output=True, text=True, timeout=START_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    made: dict[str, str] = json.loads(done.stdout[done.stdout.index("{") :])
    return made


@contextmanager
def _mariadb(folder: Path) -> Iterator[int]:
    """A database server in a folder of its own; gives its port."""
    data, socket, port, log = folder / "data", folder / "db.sock", free_port(), folder / "mariadb.log"
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    path = f"{os.environ['PATH']}:/usr/sbin"
    program = shutil.which("mariadbd", path=path) or "mariadbd"
    install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
    subprocess.run([*install, "--skip-test-db", *as_root], check=True, capture_output=True, timeout=START_S)
    small = ["--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=0"]
    place = [f"--datadir={data}", f"--socket={socket}", f"--port={port}", "--bind-address=127.0.0.1"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "--no-defaults", *place, *small, "--skip-log-bin", "--performance-schema=OFF", *as_root],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    client = ["mariadb", "--no-defaults", f"--socket={socket}", "--user=root"]
    try:
        _wait(lambda: _succeeds([*client, "--execute=SELECT 1"]), process, log)
        make = "CREATE DATABASE wp; CREATE USER wp@'127.0.0.1' IDENTIFIED BY 'wp'; GRANT ALL ON wp.* TO wp@'127.0.0.1'"
        rename = make.replace("'127.0.0.1'", "'localhost'").partition("; ")[2]
        subprocess.run([*client, f"--execute={make}; {rename}"], check=True, capture_output=True, timeout=START_S)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True, timeout=START_S).returncode == 0


def _wait(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        with contextlib.suppress(requests.RequestException):
            if ready():
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"it did not start:\n{log.read_text(errors='replace')[-2_000:]}")
        time.sleep(0.1)


def _stop_all(process: subprocess.Popen[bytes]) -> None:
    """The process and its workers: the session that was made for them."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_S)


def marker() -> str:
    """A word that no other test uses."""
    return f"m{secrets.token_hex(4)}"
