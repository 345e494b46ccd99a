# SPDX-License-Identifier: Apache-2.0
"""Wrong files and what `weir check` says about them, to the letter.

NAME.toml is the file, NAME.txt the expected output. Files in this folder need no modules and are
unit tests of the conf floor as well (tests/kernel/conf/golden_test.cpp); those in whole/ need
modules or the route table. A first line "# exit 2": the world is wrong and not the file.
WEIR_GOLDEN=write rewrites the expected texts, to be reviewed with git diff.
"""

import json
import os
import pathlib
import shutil
import tomllib

import pytest

from harness import pace, proxy

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FILES = sorted(HERE.glob("*.toml")) + sorted(HERE.glob("whole/*.toml"))
RECIPES = sorted((ROOT / "conf").glob("*.toml"))


def names(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


def check(*arguments):
    return proxy.run("check", *arguments, cwd=ROOT)


def plain(text):
    """Absolute paths differ from one machine to the next."""
    build = str(pathlib.Path(pace.BUILD).resolve())
    return text.replace(build + "/", "{BUILD}/").replace(f"{ROOT}/", "{ROOT}/").replace(
        build, "{BUILD}")


@pytest.mark.parametrize("name", names(FILES))
def test_a_mistake_gives_its_exact_message(name):
    done = check(name)
    found = plain(done.stdout + done.stderr)
    expected = (ROOT / name).with_suffix(".txt")
    if os.environ.get("WEIR_GOLDEN") == "write":
        expected.write_text(found)
    assert found == expected.read_text()
    world = (ROOT / name).read_bytes().startswith(b"# exit 2\n")
    assert done.returncode == (2 if world else 1)


def test_five_mistakes_give_five_messages_in_one_run():
    done = check("--json", "tests/conf/five_mistakes.toml")
    findings = json.loads(done.stdout)
    assert [finding["level"] for finding in findings] == ["error"] * 5
    assert all(finding["line"] and finding["column"] and finding["message"] for finding in findings)


def test_findings_as_json_are_the_printed_ones():
    done = check("--json", "tests/conf/table_twice.toml")
    [finding] = json.loads(done.stdout)
    assert finding["message"] == "[upstream.api] is written twice"
    assert (finding["line"], finding["other"]["line"]) == (13, 7)
    assert done.returncode == 1


@pytest.mark.parametrize("name", names(RECIPES))
def test_every_recipe_is_good(name):
    done = check(name)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_shortest_file_has_four_lines():
    lines = (ROOT / "conf/minimal.toml").read_text().splitlines()
    assert len([line for line in lines if line and not line.startswith("#")]) == 4


def test_fix_adds_the_missing_module_and_nothing_else(tmp_path):
    file = tmp_path / "weir.toml"
    shutil.copy(HERE / "whole/unlisted_module.toml", file)
    before = file.read_text()
    assert check("--fix", file).returncode == 0
    assert tomllib.loads(file.read_text())["modules"] == ["request_id", "headers", "rewrite"]
    assert file.read_text().splitlines()[1:] == before.splitlines()[1:]

