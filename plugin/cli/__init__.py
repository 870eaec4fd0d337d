"""The command line `tessera`.

Exit codes: 0 done; 1 problems were found, or it could not be done, and standard error says why; 2 the command was not
used as it says in its help. Results go to standard output and nothing else does.
"""

from __future__ import annotations


def main() -> None:
    """The entry point."""
    from plugin.cli.interrupts import ending_at_once  # noqa: PLC0415 - `import plugin.cli` alone stays light

    with ending_at_once():
        from plugin.cli.root import tessera  # noqa: PLC0415

    tessera(prog_name="tessera")
