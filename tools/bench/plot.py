# SPDX-License-Identifier: Apache-2.0
"""Results as one SVG: a panel a scenario, a bar a peer. Lengths in SVG units, about pixels.

The file brings its own background and follows the reader's colour scheme, so that it is legible
wherever it is shown; fonts are the reader's.
"""

import html
import textwrap
from typing import Any

from bench import report

Result = dict[str, Any]
COLUMNS = 3
PANEL = 312
MARGIN = 24
NAME = 68  # where bars begin, from the panel's left edge
BAR = 162  # the longest bar
LINE = 19  # from bar to bar
HEAD = 66  # above the panels
TITLE = 50  # above the bars of a panel
CLIP = 5.0  # bars end at so many times the best, or a slow peer would flatten all others

STYLE = """
svg { font: 12px system-ui, -apple-system, 'Segoe UI', sans-serif; }
.paper { fill: #ffffff; stroke: #d0d7de; } .ink { fill: #1f2328; } .soft { fill: #59636e; }
.other { fill: #b6bfc9; } .subject { fill: #0969da; } .strong { font-weight: 600; }
.large { font-size: 17px; font-weight: 600; } .value { font-variant-numeric: tabular-nums; }
@media (prefers-color-scheme: dark) {
.paper { fill: #0d1117; stroke: #3d444d; } .ink { fill: #f0f6fc; } .soft { fill: #9198a1; }
.other { fill: #495361; } .subject { fill: #4493f8; }
}
"""


def text(x: float, y: float, classes: str, words: str, anchor: str = "start") -> str:
    return (f'<text x="{x:g}" y="{y:g}" class="{classes}" text-anchor="{anchor}">'
            f"{html.escape(words)}</text>")


def bar(y: float, name: str, value: float, longest: float, subject: bool) -> list[str]:
    """A peer's line. What is longer than `longest` ends in a gap that says so."""
    clipped = value > longest
    width = max(1.0, BAR * min(value, longest) / longest)
    kind = "subject" if subject else "other"
    weight = " strong" if subject else ""
    drawn = [text(NAME - 8, y + 12, "ink" + weight, name, "end"),
             f'<rect x="{NAME}" y="{y + 2:g}" width="{width:.1f}" height="13" rx="2" '
             f'class="{kind}"/>']
    if clipped:
        left = NAME + width - 16
        drawn.append(f'<path d="M{left:.1f} {y + 16:g} l5 -15 h4 l-5 15 z" class="paper" '
                     'stroke="none"/>')
    drawn.append(text(NAME + width + 6, y + 12, "soft value" + weight, report.digits(value)))
    return drawn


def panel(name: str, scenario: Result, subject: str) -> list[str]:
    """A scenario, drawn from (0, 0)."""
    costs = {peer: report.median(found, report.COST)
             for peer, found in report.measured(scenario).items()}
    drawn = [text(0, 12, "ink strong", name)]
    for number, line in enumerate(textwrap.wrap(scenario["title"], 42)[:2]):
        drawn.append(text(0, 27 + 14 * number, "soft", line))
    longest = max(0.1, min(max(costs.values()), CLIP * min(costs.values())))
    for number, (peer, cost) in enumerate(costs.items()):
        drawn += bar(TITLE + LINE * number, peer, cost, longest, peer == subject)
    return drawn


def rows_of(scenarios: dict[str, Result]) -> list[list[tuple[str, Result]]]:
    """The scenarios that have a cost to show, in rows of panels."""
    shown = [(name, scenario) for name, scenario in scenarios.items()
             if any(report.median(peer, report.COST) > 0
                    for peer in report.measured(scenario).values())]
    return [shown[first:first + COLUMNS] for first in range(0, len(shown), COLUMNS)]


def svg(results: Result, subject: str = "weir") -> str:
    """The whole picture."""
    width = 2 * MARGIN + COLUMNS * PANEL - (PANEL - NAME - BAR - 48)
    drawn = [text(MARGIN, 34, "ink large", "CPU time per request, microseconds: shorter is better"),
             text(MARGIN, 53, "soft", "User and kernel time of the proxy's processes, medians; "
                  f"{results['date']}, {results['cpu']}, Linux {results['kernel']}")]
    y = HEAD + MARGIN
    for panels in rows_of(results["scenarios"]):
        for column, (name, scenario) in enumerate(panels):
            body = "\n".join(panel(name, scenario, subject))
            drawn.append(f'<g transform="translate({MARGIN + column * PANEL} {y})">\n{body}\n</g>')
        y += TITLE + LINE * max(len(report.measured(scenario)) for _, scenario in panels) + MARGIN
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" width="{width}" '
            f'height="{y}" role="img">\n<title>CPU time per request of reverse proxies</title>\n'
            f"<style>{STYLE}</style>\n"
            f'<rect x="0.5" y="0.5" width="{width - 1}" height="{y - 1}" rx="8" class="paper"/>\n'
            + "\n".join(drawn) + "\n</svg>\n")
