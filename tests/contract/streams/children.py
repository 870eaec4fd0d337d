"""Run in processes of their own: `python -m tests.contract.streams.children WHAT ADAPTER OPTIONS …`."""

from __future__ import annotations

import json
import signal
import sys

from adapters import registry
from adapters.runtime import Runtime
from tests.contract.streams.helpers import claim_all, read, record


def main(what: str, adapter: str, options: str, name: str, count: str) -> None:
    stream = registry.stream(adapter)(json.loads(options), Runtime.system())
    if what == "append":
        for number in range(int(count)):
            stream.append([record(f"{name}{one}", number) for one in range(10)])
            print(number, flush=True)  # noqa: T201 - accepted: from here on it must not be lost
        stream.close()
    else:
        claim_all(stream, name)
        read(stream, int(count))
        print("read", flush=True)  # noqa: T201 - told to whoever kills it
        signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
