# SPDX-License-Identifier: Apache-2.0
"""Makes what a run needs and keeps it in build/bench: origin, load generator, certificates."""

import concurrent.futures
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "build/bench"
FLAGS = ["-std=c++20", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion",
         "-Werror", "-Wno-restrict"]
LIBRARIES = {"load": ["-lssl", "-lcrypto"], "origin": [], "floor": [], "floor_uring": ["-luring"]}
OPTIONAL = {"floor_uring": "/usr/include/liburing.h"}  # without which it is left out
KEYS = {"ecdsa": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        "rsa": ["-newkey", "rsa:2048"]}


def folder() -> pathlib.Path:
    """build/bench."""
    for path in (FOLDER.parent, FOLDER):
        if not path.exists():
            path.mkdir(exist_ok=True)
            hand_over(path)
    return FOLDER


def program(name: str) -> pathlib.Path:
    """The program of src/NAME/, compiled anew if a source is younger."""
    made = FOLDER / name
    sources = sorted((HERE / "src" / name).iterdir())
    if made.exists() and made.stat().st_mtime > max(path.stat().st_mtime for path in sources):
        return made
    folder()
    units = [str(path) for path in sources if path.suffix == ".cpp"]
    part = FOLDER / f"{name}.{os.getpid()}"  # others may build the same at this time
    subprocess.run(["g++", *FLAGS, *units, "-o", str(part), *LIBRARIES[name]], check=True)
    part.replace(made)
    hand_over(made)
    return made


def hand_over(path: pathlib.Path) -> None:
    """Under sudo, what is made belongs to whom the tree belongs to."""
    owner = HERE.stat()
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def programs() -> None:
    """All that can be compiled here, at once."""
    possible = [name for name in LIBRARIES
                if name not in OPTIONAL or pathlib.Path(OPTIONAL[name]).exists()]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(program, possible))


def certificates() -> pathlib.Path:
    """A folder of self-signed certificates KIND.crt, each with its key in KIND.crt.key."""
    certificates_at = folder() / "certificates"
    certificates_at.mkdir(exist_ok=True)
    hand_over(certificates_at)
    for kind, key in KEYS.items():
        made = certificates_at / f"{kind}.crt"
        if made.exists():
            continue
        subprocess.run(
            ["openssl", "req", "-x509", *key, "-nodes", "-days", "3650", "-subj", "/CN=bench.test",
             "-addext", "subjectAltName=DNS:bench.test,DNS:*.bench.test,IP:127.0.0.1",
             "-keyout", f"{made}.key", "-out", str(made)], check=True, stderr=subprocess.DEVNULL)
        hand_over(made)
        hand_over(made.with_name(f"{kind}.crt.key"))
    return certificates_at
