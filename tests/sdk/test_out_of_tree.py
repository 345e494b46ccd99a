# SPDX-License-Identifier: Apache-2.0
"""Modules built outside of the tree against the installed SDK, and what is refused of them."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from harness import proxy

from .conftest import ROOT, call

HERE = pathlib.Path(__file__).parent
HELLOS = {"c": HERE / "hello.c", "cpp": HERE / "hello.cpp"}


def exports(path):
    return [line.split()[-1] for line in call("nm", "-D", "--defined-only", path).splitlines()]


def refusal(path):
    """The sentence with which the loader refuses a file."""
    done = proxy.run("module", "info", path)
    assert done.returncode != 0, done.stdout
    return done.stderr


def changed_hello(folder, *changes):
    """hello.c with some of its text replaced."""
    text = HELLOS["c"].read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    source = folder / "hello.c"
    source.write_text(text)
    return source


def test_hello_is_short():
    assert len(HELLOS["c"].read_text().splitlines()) <= 35
    assert len(HELLOS["cpp"].read_text().splitlines()) <= 25


@pytest.mark.timeout(240)
@pytest.mark.parametrize("language", HELLOS)
def test_hello_builds_exports_one_symbol_and_loads(language, build, tmp_path):
    module = build(HELLOS[language], tmp_path)
    assert exports(module) == ["weir_module_v1"]
    done = proxy.run("module", "info", module)
    assert done.returncode == 0, done.stderr
    assert "hello 1.0" in done.stdout
    assert re.search(r'greeting +text +"hello" +Text of the x-hello field\. Per', done.stdout)
    assert proxy.run("module", "lint", module).returncode == 0


@pytest.mark.timeout(240)
@pytest.mark.parametrize("language", HELLOS)
def test_hello_greets_in_a_real_proxy(language, build, tmp_path, origin, weir):
    build(HELLOS[language], tmp_path)
    running = weir(f"""
modules = ["hello"]
[[listener]]
address = "127.0.0.1:0"
[[route]]
filters = [{{ hello = {{ greeting = "good day" }} }}]
to = "{origin.url}"
""", env=dict(os.environ, WEIR_MODULE_PATH=str(tmp_path)))
    assert running.get("/").get("X-Hello") == "good day"


@pytest.mark.timeout(240)
def test_the_template_builds_passes_its_tests_and_serves(prefix, tmp_path):
    folder = tmp_path / "greeting"
    shutil.copytree(prefix / "share/weir/template", folder)
    call("cmake", "-G", "Ninja", "-S", folder, "-B", folder / "build",
         f"-DCMAKE_PREFIX_PATH={prefix}")
    call("cmake", "--build", folder / "build")
    tests = call("ctest", "--test-dir", folder / "build", "--output-on-failure")
    for name in ("exports", "load", "manual", "example", "day"):
        assert f"greeting.{name}" in tests
    environment = dict(os.environ, WEIR=str(prefix / "bin/weir"), MODULES=str(folder / "build"))
    call(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
         folder / "test_greeting.py", env=environment, cwd=folder)


@pytest.mark.timeout(240)
def test_a_wrong_major_is_refused(build, tmp_path):
    source = changed_hello(tmp_path, ("#include <weir/module.h>",
                                      "#include <weir/module.h>\n#undef WEIR_NOTE_TEXT\n"
                                      "#define WEIR_NOTE_TEXT(name, version, minor, kinds) \\\n"
                                      '  "abi=2 needs=" minor " name=" name " version=" version '
                                      '" kinds=" kinds'))
    sentence = refusal(build(source, tmp_path))
    assert re.search(r"hello\.so: built for module ABI 2, while weir \S+ speaks ABI 1", sentence)
    assert "upgrade weir, or build the module for ABI 1" in sentence


@pytest.mark.timeout(240)
def test_a_higher_minor_is_refused(build, tmp_path):
    source = changed_hello(tmp_path, ('"1.0", "0"', '"1.0", "9"'),
                           (".minor_built", ".minor_required = 9, .minor_built"))
    sentence = refusal(build(source, tmp_path))
    assert re.search(r"needs module ABI 1\.9, while weir \S+ offers 1\.\d", sentence)
    assert "upgrade weir, or install an older version of the module" in sentence


@pytest.mark.timeout(240)
def test_a_module_without_a_note_is_refused(build, tmp_path):
    source = changed_hello(tmp_path, ('WEIR_NOTE("hello", "1.0", "0", "weir.http-filter/1");', ""))
    sentence = refusal(build(source, tmp_path))
    assert "has no weir note, so it is not a weir module" in sentence
    assert "end its source with WEIR_MODULE (C++) or WEIR_NOTE (C)" in sentence


@pytest.mark.timeout(240)
def test_a_world_writable_file_or_folder_is_refused(build, tmp_path):
    module = build(HELLOS["c"], tmp_path)
    module.chmod(0o666)
    assert "the file is writable by everyone (mode 0666)" in refusal(module)
    assert f"chmod go-w {module}" in refusal(module)
    module.chmod(0o644)
    tmp_path.chmod(0o777)
    assert f"the folder {tmp_path} is writable by everyone" in refusal(module)


def test_a_text_file_and_a_missing_one_are_refused(tmp_path):
    text = tmp_path / "hello.so"
    text.write_text("hello\n")
    text.chmod(0o644)
    assert "not a shared object: it is a text file" in refusal(text)
    assert "No such file or directory" in refusal(tmp_path / "none.so")


def test_a_module_that_is_not_there_is_refused_with_the_nearest_name():
    sentence = refusal("round_robbin")
    assert "no module 'round_robbin' in " in sentence
    assert "did you mean 'round_robin'?" in sentence


@pytest.mark.timeout(240)
def test_lint_names_a_second_export(build, tmp_path):
    source = changed_hello(tmp_path, ("struct conf {", "WEIR_EXPORT int second;\nstruct conf {"))
    module = tmp_path / "hello.so"
    call("cc", "-std=c11", "-shared", "-fPIC", "-fvisibility=hidden", f"-I{ROOT}/sdk/include",
         source, "-o", module)
    done = proxy.run("module", "lint", module)
    assert done.returncode != 0
    assert "exports more than weir_module_v1: second" in done.stdout + done.stderr


@pytest.mark.timeout(240)
def test_the_manual_check_shows_what_has_drifted(build, tmp_path):
    module = build(HELLOS["c"], tmp_path)
    page = tmp_path / "README.md"
    page.write_text("# hello\n\n<!-- keys -->\n<!-- /keys -->\n")
    done = proxy.run("module", "manual", module, "--check", page)
    assert done.returncode == 1
    assert '+| `greeting` | text | `"hello"` |' in done.stdout + done.stderr
    page.write_text("# hello\n\n<!-- keys -->\n" + proxy.run("module", "manual", module).stdout
                    + "<!-- /keys -->\n")
    assert proxy.run("module", "manual", module, "--check", page).returncode == 0


@pytest.mark.timeout(240)
def test_list_shows_modules_without_running_them(build, tmp_path):
    boom = "#include <stdlib.h>\n__attribute__((constructor)) static void boom(void) { abort(); }\n"
    source = changed_hello(tmp_path, ("struct conf {", boom + "struct conf {"))
    build(source, tmp_path)
    environment = dict(os.environ, WEIR_MODULE_PATH=str(tmp_path))
    done = subprocess.run([proxy.executable(), "module", "list"], capture_output=True, text=True,
                          timeout=60, check=True, env=environment)
    assert re.search(r"hello +1\.0 +filter +" + re.escape(str(tmp_path / "hello.so")), done.stdout)
