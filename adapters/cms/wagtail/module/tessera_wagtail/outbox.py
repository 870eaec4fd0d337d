"""Sends notices from a thread of its own, so that no editor waits for Tessera.

A notice lost here (Tessera down for longer than the retries, a killed process) costs time only: Tessera's regular
sweep finds what changed.
"""

import atexit
import hashlib
import hmac
import json
import logging
import os
import threading
import time
import urllib.error
import urllib.request

from . import config

log = logging.getLogger("tessera_wagtail")

# Notices of one save come one by one, within milliseconds.
MERGE_S = 0.05
TIMEOUT_S = 5
WAITS_S = (0.5, 2, 8)
# More than this at once is told as "something changed": Tessera then looks at everything.
MOST = 500
LEAVE_S = 5
AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """A signed request goes where the settings say, and nowhere else."""

    def redirect_request(self, *args, **kwargs):
        return None


class Outbox:
    """Notices on their way; each is there once."""

    def __init__(self):
        self.pid = os.getpid()
        self._changed = threading.Condition()
        self._waiting = {}
        self._busy = False
        self._thread = None

    def add(self, notices):
        """Takes notices and returns at once."""
        with self._changed:
            for notice in notices:
                self._waiting[json.dumps(notice, sort_keys=True)] = notice
            if len(self._waiting) > MOST:
                self._waiting = {"{}": {}}
            if self._waiting and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="tessera-outbox", daemon=True)
                self._thread.start()
                # A command such as `publish_scheduled` ends right after its last save.
                atexit.register(self.flush, LEAVE_S)
            self._changed.notify_all()

    def flush(self, timeout_s):
        """Waits until everything is sent or given up; False where that took too long."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, timeout_s)

    def _run(self):
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                self._busy = True
            time.sleep(MERGE_S)
            with self._changed:
                batch, self._waiting = list(self._waiting.values()), {}
            try:
                deliver(batch)
            except Exception:
                log.exception("%d notices were not sent", len(batch))
            with self._changed:
                self._busy = False
                self._changed.notify_all()


_outbox = None
_lock = threading.Lock()


def outbox():
    """This process's outbox; a server that forks has one in each worker."""
    global _outbox
    with _lock:
        if _outbox is None or _outbox.pid != os.getpid():
            _outbox = Outbox()
        return _outbox


def deliver(notices):
    """Sends one request, with a few retries; what then fails is logged."""
    body = json.dumps({"notices": notices}, separators=(",", ":")).encode()
    for wait_s in (*WAITS_S, None):
        status = post(body)
        if isinstance(status, int) and 200 <= status < 300:
            return True
        if wait_s is None or (isinstance(status, int) and status not in AGAIN):
            log.error("Tessera did not take %d notices: %s", len(notices), status)
            return False
        time.sleep(wait_s)
    return False


def post(body):
    """The status of the answer, or what went wrong in words."""
    headers = {
        "Content-Type": "application/json",
        "Tessera-Signature": signature(body, config.webhook_secret(), time.time()),
        "User-Agent": "tessera-wagtail",
    }
    request = urllib.request.Request(config.webhook_url(), data=body, headers=headers, method="POST")
    opener = urllib.request.build_opener(NoRedirects)
    try:
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            return answer.status
    except urllib.error.HTTPError as fault:
        with fault:
            return fault.code
    except OSError as fault:
        return f"no connection ({type(fault).__name__})"


def signature(body, secret, now):
    """HMAC-SHA256 of the time and the raw body; every try is signed anew, for the time is part of it."""
    moment = str(int(now))
    mac = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256)
    return f"t={moment},v1={mac.hexdigest()}"
