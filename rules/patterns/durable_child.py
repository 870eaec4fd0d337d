"""The process that holds the engine: `python -m rules.patterns.durable_child SECONDS MEGABYTES`.

It is asked over its standard input. It ends by itself when its input does, when anything is raised, and when it takes
longer than SECONDS over one window: a hang keeps Python from running, but not the kernel from delivering the alarm.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from typing import BinaryIO

from rules.patterns.durable import Ruleset
from rules.patterns.durable_wire import HEAD, Ask, Done, Load, framed, length_of, read_request

_MEGABYTE = 1024 * 1024


def main(arguments: list[str]) -> None:
    """Serve until the input ends."""
    seconds, megabytes = float(arguments[0]), int(arguments[1])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * _MEGABYTE, megabytes * _MEGABYTE))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not stand among the answers
    serve(sys.stdin.buffer, answers, seconds)


def serve(requests: BinaryIO, answers: BinaryIO, seconds: float) -> None:
    """Say that it is there, and answer requests until there are no more."""
    rulesets: list[Ruleset] = []
    _answer(answers, Done())
    while head := requests.read(HEAD):
        request = read_request(requests.read(length_of(head)))
        match request:
            case Load(text):
                signal.setitimer(signal.ITIMER_REAL, seconds)
                rulesets.append(Ruleset(f"p{len(rulesets)}", text))
                _answer(answers, Done())
            case Ask(windows):
                for window in windows:
                    signal.setitimer(signal.ITIMER_REAL, seconds)
                    rows = tuple(
                        (number, rule, places)
                        for number, facts in window
                        for rule, places in rulesets[number].matches(facts)
                    )
                    _answer(answers, Done(rows))
        signal.setitimer(signal.ITIMER_REAL, 0)


def _answer(answers: BinaryIO, done: Done) -> None:
    answers.write(framed(done))
    answers.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
