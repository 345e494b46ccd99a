# SPDX-License-Identifier: Apache-2.0
"""Tables and plot from results that are written down here."""

import copy
import json
import xml.etree.ElementTree

import pytest

from bench import command, plot, report, session


def window(number, cost, **more):
    return {"round": number, "cpu_us_per_request": cost, "rps": 1e6 / cost, "bytes": 1000,
            "mb_per_cpu_second": 100.0, "p50_us": 500.0, "p99_us": 1000.0 * cost, "p999_us": 9999.0,
            "pss_kib": 10240, "proxy_busy": 1.0, "load_busy": 0.8, "other_busy": 0.0, "errors": 0,
            "lost_before_response": 0, **more}


@pytest.fixture
def results():
    peers = {
        "weir": {"windows": [window(0, 10.0), window(1, 12.0), window(2, 30.0)], "syscalls": 4.5},
        "nginx": {"windows": [window(0, 20.0), window(1, 20.0), window(2, 40.0)]},
        "caddy": {"windows": [window(0, 400.0, errors=3, lost_before_response=2)]},
        "varnish": {"unsupported": "no <TLS>"},
    }
    scenario = {"title": "a title & more", "fixed_rate": False, "peers": peers,
                "origin_alone": window(0, 5.0)}
    rate = {**scenario, "fixed_rate": True, "title": "at a rate"}
    return {"date": "2026-11-25", "kernel": "6.18", "cpus": 2, "cpu": "EPYC", "load": "own",
            "pace": {"rounds": 3, "window": 0.6}, "versions": dict.fromkeys(peers, "1.0"),
            "scenarios": {"one": scenario, "rate": rate}}


def test_ratios_pair_windows_of_one_round(results):
    best, ratios = report.against_best(results["scenarios"]["one"], "weir")
    assert best == "nginx" and ratios == [0.5, 0.6, 0.75]
    best, ratios = report.against_best(results["scenarios"]["one"], "caddy")
    assert best == "weir" and ratios == [40.0]
    assert report.against_best(results["scenarios"]["one"], "varnish") == ("", [])


def test_the_table_has_median_spread_and_what_went_wrong(results):
    text = report.table("one", results["scenarios"]["one"])
    lines = text.splitlines()
    assert lines[0] == "### one: a title & more"
    assert lines[4].startswith("| weir | 12.0 | 10.0..30.0 | 1.00 | 83,333 |")
    assert "| 4.50 | 10.0 | 1.00 | 0.80 | 0.00 | 0 |" in lines[4]
    assert "3 (+2 closed between requests)" in lines[6]
    assert "(origin alone)" in lines[7] and "- varnish: no <TLS>" in text
    columns = {line.count("|") for line in lines if line.startswith("|")}
    assert len(columns) == 1


def test_a_rate_that_is_the_generators_is_marked(results):
    peer = results["scenarios"]["one"]["peers"]["nginx"]
    for each in peer["windows"]:
        each.update(proxy_busy=0.7, load_busy=0.98)
    assert "50,000\\* |" in report.table("one", results["scenarios"]["one"])


def test_the_summary_compares_with_the_best_other(results):
    lines = report.summary(results, "weir").splitlines()
    assert lines[0] == "| scenario | weir | nginx | caddy | varnish | weir to the best |"
    assert lines[2] == ("| one: a title & more | **12.0** | 20.0 | 400 | - | "
                        "0.60 (0.50..0.75) nginx |")
    latency = report.summary(results, "weir", "p99_us", fixed_rate=True).splitlines()
    assert len(latency) == 3 and latency[2].startswith("| rate: at a rate | **12,000** |")


def test_the_plot_is_svg_for_light_and_dark(results):
    text = plot.svg(results)
    root = xml.etree.ElementTree.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    width, height = float(root.get("width")), float(root.get("height"))
    bars = root.findall(f".//{space}g/{space}rect")
    assert len(bars) == 6 and sum(bar.get("class") == "subject" for bar in bars) == 2
    assert all(0 < float(bar.get("width")) <= plot.BAR for bar in bars)
    assert "prefers-color-scheme: dark" in text and "a title &amp; more" in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert width < 1100 and height < 500


def test_a_bar_that_is_cut_says_so(results):
    body = plot.panel("one", results["scenarios"]["one"], "weir")
    assert sum("<path" in line for line in body) == 1  # caddy's


def test_results_become_files_again(results, tmp_path, capsys):
    file = tmp_path / "result.json"
    file.write_text(json.dumps(results))
    assert command.show([str(file)]) == 0
    assert "**12.0**" in capsys.readouterr().out
    page = (tmp_path / "result.md").read_text()
    assert "![CPU time per request, peers compared](result.svg)" in page
    assert (tmp_path / "result.svg").exists()


def test_sittings_become_one(results):
    first = results["scenarios"]["one"]
    second = copy.deepcopy(first)
    second["peers"]["varnish"] = {"windows": [window(0, 7.0)]}
    second["peers"]["caddy"] = {"unsupported": "no answer"}
    whole = session.merged(first, second)["peers"]
    assert [each["round"] for each in whole["weir"]["windows"]] == [0, 1, 2, 3, 4, 5]
    assert [each["round"] for each in whole["varnish"]["windows"]] == [3]
    assert len(whole["caddy"]["windows"]) == 1
    assert report.median(whole["weir"], report.COST) == 12.0


def test_without_any_window_there_is_still_a_report(results):
    for scenario in results["scenarios"].values():
        scenario["peers"] = {"weir": {"unsupported": "ended: no such file"}}
        scenario["origin_alone"] = None
    assert "no such file" in report.document(results)
    xml.etree.ElementTree.fromstring(plot.svg(results))


@pytest.mark.parametrize("arguments", [["--scenarios", "nonsense"], ["--peers", "squid"]])
def test_a_wrong_name_is_said_before_anything_starts(arguments, capsys):
    assert command.run(arguments) == 2
    assert "--list shows all" in capsys.readouterr().err
