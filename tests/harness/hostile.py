# SPDX-License-Identifier: Apache-2.0
"""The inputs of tests/hostile against a running proxy; as a program, the table in tests/README.md.

    WEIR_BUILD=build/release python3 tests/harness/hostile.py

sends each input whole and byte by byte to a proxy of its own, and writes what happened between the
two markers in tests/README.md.
"""

import csv
import dataclasses
import pathlib
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "hostile"
README = FOLDER.parent / "README.md"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
WAYS = ("whole", "bytewise")

if __name__ == "__main__":  # found by pytest's pythonpath otherwise
    sys.path.insert(0, str(FOLDER.parent))

# pylint: disable=wrong-import-position
from harness import client, config, origin, proxy  # noqa: E402


@dataclasses.dataclass
class Input:
    file: str
    status: int
    reason: str
    group: str

    @property
    def name(self):
        return self.file.removesuffix(".http")

    @property
    def bytes(self):
        return (FOLDER / self.file).read_bytes()


def inputs():
    with open(FOLDER / "index.tsv", encoding="ascii", newline="") as index:
        rows = csv.reader((line for line in index if not line.startswith("#")), delimiter="\t")
        return [Input(file, int(status), reason, group) for file, status, reason, group in rows]


@dataclasses.dataclass
class Outcome:
    """What a client saw."""

    status: int
    says_close: bool
    surplus: bytes  # behind the response, until the proxy closed


def attempt(address, data, way):
    """Sends the bytes on a connection of their own and waits until the proxy closes it."""
    with client.Client(address) as made:
        made.send(data, bytewise=way == "bytewise")
        response = made.response()
        closing = [value.lower() for value in response.all("Connection")] == ["close"]
        return Outcome(response.status, closing, made.rest())


def measure(each, way, folder):
    """(status, closed, bytes at the origin) of one input, with processes of its own."""
    at = origin.Origin()
    conf = folder / "weir.toml"
    conf.write_text(config.simple(at))
    weir = proxy.Weir("run", "-c", conf)
    try:
        outcome = attempt(weir.addresses[0], each.bytes, way)
        weir.stop()
        at.drained()
        return outcome.status, not outcome.surplus, at.received
    finally:
        weir.kill()
        at.close()


def verdict(each, status, closed, received):
    return status == each.status and closed and received == 0


def table(folder):
    """The lines of the table, and how many inputs were refused as they should be."""
    lines = ["| input | status | reason | whole | byte by byte |", "|---|---|---|---|---|"]
    good = 0
    for each in inputs():
        cells = []
        fine = True
        for way in WAYS:
            status, closed, received = measure(each, way, folder)
            fine &= verdict(each, status, closed, received)
            end = "closed" if closed else "surplus bytes"
            cells.append(f"{status}, {end}, {received} B")
        good += fine
        lines.append(f"| {each.name} | {each.status} | {each.reason} | {' | '.join(cells)} |")
    return good, lines


def main():
    with tempfile.TemporaryDirectory() as folder:
        good, lines = table(pathlib.Path(folder))
    total = len(inputs())
    text = README.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    summary = f"Refused as documented, with no byte at the origin: {good} of {total}."
    README.write_text("\n".join([head + BEGIN, summary, "", *lines, END + tail]), encoding="utf-8")
    print(summary)
    return 0 if good == total else 1


if __name__ == "__main__":
    sys.exit(main())
