# SPDX-License-Identifier: Apache-2.0
"""The command lines of run, report and profile."""

import argparse
import json
import pathlib
import signal
import sys
from typing import Any

from bench import budget, build, netns, peer, plot, profiler, report, scenario, session

Result = dict[str, Any]


def common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weir", default="", metavar="PATH",
                        help="the weir to measure (build/release/weir)")
    parser.add_argument("--proxy-cpu", default="0", help="CPU of a proxy with one worker (0)")
    parser.add_argument("--load-cpu", default="1", help="CPU of load generator and origin (1)")
    parser.add_argument("--both-cpus", default="0,1",
                        help="CPUs of a proxy with two workers, and of the load on it (0,1)")


def cpus(arguments: argparse.Namespace) -> session.Cpus:
    return session.Cpus(arguments.proxy_cpu, arguments.load_cpu, arguments.both_cpus)


def enter() -> None:
    """Into the namespace; from here on SIGTERM ends the run as an exception does, peers and all."""
    netns.enter()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def run_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tools/bench/run", description="Measures weir beside other reverse proxies.")
    common(parser)
    parser.add_argument("--minutes", type=float, default=10.0,
                        help="the run takes about so long at most, unless --rounds is given (10)")
    parser.add_argument("--scenarios", default="", metavar="A,B",
                        help='names, or "all"; without it, those marked quick')
    parser.add_argument("--peers", default="", metavar="A,B", help="names; without it, all")
    parser.add_argument("--newer", action="append", default=[], metavar="NAME=PATH",
                        help="another build of a peer, as peer NAME-new")
    parser.add_argument("--rounds", type=int, default=0, help="windows for each peer")
    parser.add_argument("--sittings", type=int, default=1,
                        help="how often all peers are started anew, with all rounds for each (1)")
    parser.add_argument("--window", type=float, default=0.4, help="seconds of a window (0.4)")
    parser.add_argument("--warm", type=float, default=0.15, help="seconds before a window (0.15)")
    parser.add_argument("--load", choices=("own", "wrk"), default="own",
                        help="wrk takes the scenarios it can make the load of")
    parser.add_argument("--no-syscalls", dest="syscalls", action="store_false")
    parser.add_argument("--out", default="", metavar="STEM",
                        help="writes STEM.json, .md and .svg (build/bench/result)")
    parser.add_argument("--list", action="store_true", help="says what there is and ends")
    return parser


def list_all(peers: dict[str, peer.Peer]) -> None:
    for name, found in peers.items():
        print(f"{name:14} {found.version() if found.installed else 'not installed'}")
    print()
    for row in scenario.SCENARIOS.values():
        print(f"{row.name:14} {row.title}{' (quick)' if row.quick else ''}")


def chosen_peers(names: str, peers: dict[str, peer.Peer]) -> list[peer.Peer]:
    """The installed ones of those asked for; says which are not."""
    unknown = [name for name in names.split(",") if name and name not in peers]
    if unknown:
        raise KeyError(f"unknown peer: {', '.join(unknown)}; --list shows all")
    wanted = ([peers[name] for name in names.split(",")] if names else
              [each for each in peers.values() if not each.floor])
    for each in wanted:
        if not each.installed:
            print(f"{each.name}: no {each.binary}, left out"
                  + (" (tools/dev/build release weir weir_modules)" if each.name == "weir" else
                     " (tools/setup bench)"), file=sys.stderr)
    return [each for each in wanted if each.installed]


def run(argv: list[str]) -> int:
    arguments = run_parser().parse_args(argv)
    try:
        peers = peer.peers(arguments.weir, tuple(arguments.newer))
        build.programs()
        wanted = chosen_peers(arguments.peers, peers) if not arguments.list else []
        scenarios = scenario.chosen(arguments.scenarios)
    except KeyError as mistake:
        print(f"bench: {mistake.args[0]}", file=sys.stderr)
        return 2
    if arguments.list:
        list_all(peers)
        return 0
    enter()
    pace = budget.Pace(arguments.rounds, arguments.window, arguments.warm, arguments.syscalls)
    if not arguments.rounds:
        pace = budget.fit(scenarios, len(wanted), pace, arguments.minutes / arguments.sittings)
    estimate = budget.total(scenarios, len(wanted), pace) * arguments.sittings / 60
    print(f"{len(scenarios)} scenarios, {len(wanted)} peers, {pace.rounds} rounds: about "
          f"{estimate:.0f} minutes at most", file=sys.stderr, flush=True)
    stem = pathlib.Path(arguments.out or build.FOLDER / "result")
    stem.parent.mkdir(parents=True, exist_ok=True)
    with session.Session(pace, cpus(arguments), arguments.load == "wrk") as started:
        results = session.run_all(started, scenarios, wanted, beside(stem, ".json"),
                                  arguments.sittings)
    print(write(results, stem))
    return 0


def beside(stem: pathlib.Path, ending: str) -> pathlib.Path:
    return stem.with_name(stem.name + ending)


def write(results: Result, stem: pathlib.Path, subject: str = "weir") -> str:
    """Writes STEM.md and STEM.svg, and gives the summary."""
    picture = beside(stem, ".svg")
    picture.write_text(plot.svg(results, subject))
    document = beside(stem, ".md")
    document.write_text(report.document(results, subject, picture.name))
    for path in (picture, document):
        build.hand_over(path)
    return f"{report.summary(results, subject)}\n\nwritten: {document}, {picture}"


def show(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="tools/bench/report", description="Writes table and plot of a result file again.")
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--subject", default="weir", help="the peer that is compared (weir)")
    arguments = parser.parse_args(argv)
    results = json.loads(arguments.file.read_text())
    print(write(results, arguments.file.with_suffix(""), arguments.subject))
    return 0


def profile(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="tools/bench/profile",
        description="Says where one scenario's CPU time goes, and which system calls it makes.")
    common(parser)
    parser.add_argument("scenario", choices=list(scenario.SCENARIOS))
    parser.add_argument("--peer", default="weir")
    parser.add_argument("--seconds", type=float, default=5.0, help="to sample for (5)")
    parser.add_argument("--lines", type=int, default=25, help="functions to show (25)")
    arguments = parser.parse_args(argv)
    build.programs()
    found = peer.peers(arguments.weir).get(arguments.peer)
    if not found or not found.installed:
        print(f"bench: no {arguments.peer} here", file=sys.stderr)
        return 2
    enter()
    pace = budget.Pace(1, arguments.seconds + 1, 0.3)
    with session.Session(pace, cpus(arguments)) as started:
        print(profiler.profile(started, scenario.SCENARIOS[arguments.scenario], found,
                               arguments.seconds, arguments.lines))
    return 0
