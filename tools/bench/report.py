# SPDX-License-Identifier: Apache-2.0
"""Results as markdown: a summary first, then a table for each scenario."""

import statistics
from typing import Any

Result = dict[str, Any]
COST = "cpu_us_per_request"
SATURATED = 0.9  # of a CPU: what is busier than that is taken to be at its limit
HEAD = ("peer", "CPU µs/req", "spread", "to the best", "req/s", "MB/CPU-s", "p50 µs", "p99 µs",
        "p99.9 µs", "syscalls/req", "PSS MiB", "proxy CPUs", "load CPUs", "other CPUs", "errors")


def values(peer: Result, key: str) -> list[float]:
    return [window[key] for window in peer.get("windows", [])]


def median(peer: Result, key: str) -> float:
    return statistics.median(values(peer, key))


def measured(scenario: Result) -> dict[str, Result]:
    """The peers that have windows, the cheapest first."""
    with_windows = {name: peer for name, peer in scenario["peers"].items() if peer.get("windows")}
    return dict(sorted(with_windows.items(), key=lambda item: median(item[1], COST)))


def paired_ratios(subject: Result, other: Result, key: str = COST) -> list[float]:
    """The subject's figure by the other's, of the rounds that both have."""
    theirs = {window["round"]: window[key] for window in other["windows"]}
    return [window[key] / theirs[window["round"]] for window in subject["windows"]
            if theirs.get(window["round"])]


def best_other(scenario: Result, subject: str, key: str = COST) -> str:
    """The best peer that is not the subject and no bare relay; "" without any."""
    others = [name for name, peer in measured(scenario).items()
              if name != subject and not peer.get("floor")]
    return min(others, key=lambda name: median(scenario["peers"][name], key), default="")


def against_best(scenario: Result, subject: str, key: str = COST) -> tuple[str, list[float]]:
    """The best other peer, and the ratio to it in each round."""
    best = best_other(scenario, subject, key)
    if not best or subject not in measured(scenario):
        return "", []
    return best, paired_ratios(scenario["peers"][subject], scenario["peers"][best], key)


def row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def rule(columns: int) -> str:
    return "|" + "---|" * columns


def digits(value: float) -> str:
    """Three figures, and no more than a decimal."""
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def errors(peer: Result) -> str:
    text = f"{sum(values(peer, 'errors')):.0f}"
    lost = sum(values(peer, "lost_before_response"))
    return text + f" (+{lost:.0f} closed between requests)" * bool(lost)


def held_up(peer: Result) -> bool:
    """Whether generator and origin were at their limit, and the proxy was not."""
    return median(peer, "load_busy") >= SATURATED > median(peer, "proxy_busy")


def peer_row(name: str, peer: Result, best: Result) -> str:
    costs = values(peer, COST)
    ratios = paired_ratios(peer, best)
    syscalls = peer.get("syscalls")
    spread = f"{digits(min(costs))}..{digits(max(costs))}"
    return row(name, digits(statistics.median(costs)), spread,
               f"{statistics.median(ratios):.2f}" if ratios else "",
               digits(median(peer, "rps")) + "\\*" * held_up(peer),
               digits(median(peer, "mb_per_cpu_second")),
               *(digits(median(peer, key)) for key in ("p50_us", "p99_us", "p999_us")),
               "" if syscalls is None else f"{syscalls:.2f}",
               digits(max(values(peer, "pss_kib")) / 1024),
               *(f"{median(peer, key):.2f}" for key in ("proxy_busy", "load_busy", "other_busy")),
               errors(peer))


def notes(scenario: Result) -> list[str]:
    lines = []
    for name, peer in measured(scenario).items():
        if "bytes_per_idle_connection" in peer["windows"][0]:
            each = max(values(peer, "bytes_per_idle_connection"))
            held = min(values(peer, "idle_held"))
            lines.append(f"- {name}: {each:,.0f} bytes of memory for each of {held:,.0f} idle "
                         "connections")
        if "died" in peer:
            lines.append(f"- {name} died in {peer['died']}")
        lines += [f"- {name}: {failure}" for failure in peer.get("failed", [])]
    for name, peer in scenario["peers"].items():
        if not peer.get("windows"):
            lines.append(f"- {name}: {peer.get('unsupported', 'nothing was measured')}")
    return lines


def table(name: str, scenario: Result) -> str:
    """One scenario."""
    lines = [f"### {name}: {scenario['title']}", "", row(*HEAD), rule(len(HEAD))]
    peers = measured(scenario)
    for peer_name, peer in peers.items():
        best = next(iter(peers.values()))
        lines.append(peer_row(peer_name, peer, best))
    alone = scenario.get("origin_alone")
    if alone:
        lines.append(row("(origin alone)", *[""] * 3, digits(alone["rps"]), "",
                         *(digits(alone[key]) for key in ("p50_us", "p99_us", "p999_us")), "", "",
                         "", f"{alone['load_busy']:.2f}", f"{alone['other_busy']:.2f}",
                         str(alone["errors"])))
    said = notes(scenario)
    return "\n".join([*lines, *([""] if said else []), *said])


def peer_names(results: Result, subject: str) -> list[str]:
    """The subject first, then the others in the order of the run."""
    names = list(results["versions"])
    return [name for name in names if name == subject] + [name for name in names if name != subject]


def summary(results: Result, subject: str, key: str = COST, fixed_rate: bool = False) -> str:
    """A row a scenario, a column a peer; the last one is the subject by the best of the others."""
    names = peer_names(results, subject)
    lines = [row("scenario", *names, f"{subject} to the best"), rule(len(names) + 2)]
    for name, scenario in results["scenarios"].items():
        if fixed_rate and not scenario["fixed_rate"]:
            continue
        peers = measured(scenario)
        medians = {peer: median(found, key) for peer, found in peers.items()}
        best = min(medians.values(), default=0.0)
        cells = [cell(medians.get(peer), best) for peer in names]
        other, ratios = against_best(scenario, subject, key)
        verdict = ""
        if ratios:
            spread = f"{min(ratios):.2f}..{max(ratios):.2f}"
            verdict = f"{statistics.median(ratios):.2f} ({spread}) {other}"
        lines.append(row(f"{name}: {scenario['title']}", *cells, verdict))
    return "\n".join(lines)


def cell(value: float | None, best: float) -> str:
    if value is None:
        return "-"
    return f"**{digits(value)}**" if value == best else digits(value)


def document(results: Result, subject: str = "weir", plot: str = "") -> str:
    """All of it."""
    pace = results["pace"]
    lines = ["# Reverse proxies compared", "",
             f"{results['date']}, {results['cpus']} x {results['cpu']}, Linux {results['kernel']}; "
             f"medians of up to {pace['rounds']} interleaved windows of {pace['window']} s; load "
             f"generator: {results['load']}.", ""]
    lines += [f"- {name}: {version}" for name, version in results["versions"].items()]
    if plot:
        lines += ["", f"![CPU time per request, peers compared]({plot})"]
    lines += ["", "## CPU per request, µs", "", summary(results, subject)]
    if any(scenario["fixed_rate"] for scenario in results["scenarios"].values()):
        lines += ["", "## p99 at a fixed rate, µs", "",
                  summary(results, subject, "p99_us", fixed_rate=True)]
    lines += ["", "## Every figure", "",
              "\\* load generator and origin were at their limit and the proxy was not: the rate is"
              " theirs.", ""]
    lines += [table(name, scenario) + "\n" for name, scenario in results["scenarios"].items()]
    return "\n".join(lines)
