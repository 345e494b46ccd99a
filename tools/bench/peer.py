# SPDX-License-Identifier: Apache-2.0
"""What a peer is: a file in peers/ that turns a Profile into a Plan, and starts nothing itself."""

import dataclasses
import importlib
import pathlib
import signal
import subprocess
from collections.abc import Mapping
from types import ModuleType

FOLDER = pathlib.Path(__file__).parent / "peers"


class Unsupported(Exception):
    """The peer cannot do what the profile asks; the text says why and stands in the report."""


@dataclasses.dataclass(frozen=True)
class Site:
    """Where a peer runs: what its configuration has to name."""

    folder: pathlib.Path  # its own, empty
    port: int  # to listen on, at 127.0.0.1; the next nine are its own, too
    origin: int  # port of the origin, at 127.0.0.1
    binary: str
    certificates: pathlib.Path  # folder of KIND.crt and KIND.crt.key
    newer: bool = False  # a build of newer sources than Debian's

    def certificate(self, kind: str) -> pathlib.Path:
        """The PEM file of a certificate; its private key is beside it, named .key."""
        return self.certificates / f"{kind}.crt"


@dataclasses.dataclass(frozen=True)
class Plan:
    """How to start a peer."""

    argv: list[str]
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)  # name in the folder: text
    folders: tuple[str, ...] = ()  # to be made in the folder
    copies: tuple[tuple[str, str], ...] = ()  # folder elsewhere, name in the folder; before `files`
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    stdout: str = "stdout"  # file in the folder
    log: str = "access.log"  # file in the folder, where the profile asks for an access log
    settle: float = 0.0  # seconds that the start may take longer than that of others
    reload_signal: signal.Signals | None = None
    reload_commands: tuple[tuple[str, ...], ...] = ()  # "{n}" is replaced by 1, 2, ...
    check: tuple[str, ...] = ()  # says by its exit status whether the configuration is right


@dataclasses.dataclass(frozen=True)
class Peer:
    """A proxy that can take part in a run."""

    name: str
    module: ModuleType
    binary: str
    newer: bool = False

    @property
    def installed(self) -> bool:
        return pathlib.Path(self.binary).exists()

    @property
    def floor(self) -> bool:
        """Whether it is a measuring stick, which takes part only where it is named."""
        return getattr(self.module, "FLOOR", False)

    def version(self) -> str:
        """The first line it says about itself."""
        done = subprocess.run([self.binary, *self.module.VERSION], capture_output=True, text=True,
                              check=False)
        return ((done.stdout + done.stderr).strip().splitlines() or [""])[0]


def modules() -> dict[str, ModuleType]:
    """All files of peers/, by the name of the peer."""
    names = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
    return {name: importlib.import_module(f"bench.peers.{name}") for name in names}


def peers(weir: str = "", newer: tuple[str, ...] = ()) -> dict[str, Peer]:
    """All peers, installed or not. `newer` holds NAME=PATH, each of which adds a NAME-new."""
    found = {name: Peer(name, module, module.BINARY) for name, module in modules().items()}
    if weir:
        found["weir"] = dataclasses.replace(found["weir"], binary=weir)
    for entry in newer:
        name, _, path = entry.partition("=")
        if name not in found or not path:
            raise KeyError(f"--newer takes NAME=PATH with the name of a peer, not {entry}")
        found[f"{name}-new"] = Peer(f"{name}-new", found[name].module, path, newer=True)
    return found
