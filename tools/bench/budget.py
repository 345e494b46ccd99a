# SPDX-License-Identifier: Apache-2.0
"""How long a run takes, and how many rounds fit into the minutes it may take. All in seconds."""

import dataclasses

from bench.scenario import Scenario

START = 2.0  # until all peers of a scenario are up
CHECK = 0.5  # a first short load on a peer
GAP = 0.08  # around each window: processes come and go
SYSCALLS = 0.9  # the window in which system calls are counted
IDLE = 1.5  # opening idle connections, more for each window
LOG = 0.5  # until a log buffer is flushed
MOST_ROUNDS = 15
FEW_ROUNDS = 2  # enough where windows are expensive and their answer is not in microseconds


@dataclasses.dataclass(frozen=True)
class Pace:
    """How a run spends its time."""

    rounds: int
    window: float
    warm: float
    syscalls: bool = True

    def rounds_of(self, scenario: Scenario) -> int:
        few = scenario.load.idle or scenario.profile.reload
        return min(self.rounds, FEW_ROUNDS) if few else self.rounds


def seconds_of(scenario: Scenario, peers: int, pace: Pace) -> float:
    """What one scenario takes."""
    window = max(pace.window, scenario.load.seconds) + pace.warm + GAP
    if scenario.load.idle:
        window += IDLE
    elif scenario.load.streams:
        window += 0.5  # the run that tells the rate
    each = CHECK + window * pace.rounds_of(scenario)
    if pace.syscalls and counts_syscalls(scenario):
        each += SYSCALLS
    if scenario.load.share:
        each += window  # the closed loop that finds the saturation
    if scenario.profile.log:
        each += LOG
    return START + peers * each + (window if scenario.plain else 0)


def counts_syscalls(scenario: Scenario) -> bool:
    return not (scenario.load.idle or scenario.profile.reload)


def total(scenarios: list[Scenario], peers: int, pace: Pace) -> float:
    return sum(seconds_of(scenario, peers, pace) for scenario in scenarios)


def fit(scenarios: list[Scenario], peers: int, pace: Pace, minutes: float) -> Pace:
    """The pace with as many rounds as fit, at least one."""
    rounds = MOST_ROUNDS
    while rounds > 1:
        tried = dataclasses.replace(pace, rounds=rounds)
        if total(scenarios, peers, tried) <= minutes * 60:
            return tried
        rounds -= 1
    return dataclasses.replace(pace, rounds=1)
