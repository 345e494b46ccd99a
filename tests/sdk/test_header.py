# SPDX-License-Identifier: Apache-2.0
"""The headers themselves: they compile alone, lock their layout and say where each call runs."""

import importlib.util
import re
import shutil
import shutil

import pytest

from .conftest import ROOT, call

INCLUDE = ROOT / "sdk/include"
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror", "-fsyntax-only"]
C = [["gcc", "-std=c11"], ["clang-19", "-std=c11"]]
CPP = [["g++", "-std=c++20"], ["clang++-19", "-std=c++20"]]


def lock_script():
    spec = importlib.util.spec_from_file_location("lock", ROOT / "sdk/abi/lock.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compile_alone(compiler, text, folder, suffix):
    if shutil.which(compiler[0]) is None:
        pytest.skip(f"{compiler[0]} is not installed")
    source = folder / f"alone{suffix}"
    source.write_text(text)
    call(*compiler, *STRICT, f"-I{INCLUDE}", source)


@pytest.mark.parametrize("compiler", C, ids=lambda c: c[0])
def test_the_abi_header_is_c11(compiler, tmp_path):
    compile_alone(compiler, "#include <weir/module.h>\nint unused;\n", tmp_path, ".c")


@pytest.mark.parametrize("compiler", CPP, ids=lambda c: c[0])
@pytest.mark.parametrize("header", [
    "module.h", "names.h", "types.hpp", "link.hpp", "binding_call.hpp", "binding_link.hpp",
    "binding.hpp", "module.hpp"])
def test_each_header_compiles_alone_as_cpp(compiler, header, tmp_path):
    compile_alone(compiler, f"#include <weir/{header}>\n", tmp_path, ".cpp")


def test_the_layout_lock_holds_every_member_of_the_header():
    call(ROOT / "sdk/abi/lock.py", "--check", "1.0")


@pytest.mark.parametrize("change", [
    (r"  const char \*version;", r"  uint64_t inserted;\n  const char *version;"),
    (r"uint32_t \(\*intern\)\(weir_str name\)", "uint64_t (*intern)(weir_str name)"),
    (r"WEIR_GONE = -2", "WEIR_GONE = -7"),
    (r"(uint32_t id, flags); /\* flags: none yet", r"\1; uint64_t grown; /* flags: none yet"),
], ids=["member inserted", "signature changed", "enumerator renumbered", "frozen struct grown"])
def test_the_layout_lock_finds_a_planted_break(change, tmp_path):
    text, count = re.subn(*change, (INCLUDE / "weir/module.h").read_text(), count=1)
    assert count == 1
    shutil.copytree(INCLUDE / "weir", tmp_path / "weir")
    (tmp_path / "weir/module.h").write_text(text)
    with pytest.raises(AssertionError, match="static assertion|_Static_assert|assert"):
        call("cc", "-std=c11", "-fsyntax-only", f"-I{tmp_path}", ROOT / "sdk/abi/1.0.c")


def test_every_function_pointer_says_where_it_runs():
    lock = lock_script()
    pointers = {struct: sum("(*)" in kind for _, kind in members)
                for struct, members in lock.structs(lock.code())}
    text = (INCLUDE / "weir/module.h").read_text()
    bodies = re.findall(r"struct (weir_\w+) \{(.*?)\n\}", text, re.S)
    tags = {struct: len(re.findall(r"\[[CWA]\]", body)) for struct, body in bodies}
    assert sum(pointers.values()) > 60
    for struct, count in pointers.items():
        assert tags.get(struct, 0) == count, f"{struct}: {count} function pointers"


@pytest.mark.parametrize("file", ["hello.c", "hello.cpp"])
def test_the_guide_shows_the_hello_that_is_tested(file):
    code = (ROOT / "tests/sdk" / file).read_text().split("\n", 1)[1]
    assert code.removeprefix("// clang-format off\n") in (ROOT / "sdk/README.md").read_text()


def modules_of_the_guide():
    blocks = re.findall(r"```cpp\n(.*?)```", (ROOT / "sdk/README.md").read_text(), re.S)
    return {re.search(r'WEIR_MODULE\("(\w+)"', block)[1]: block for block in blocks}


@pytest.mark.parametrize("name", modules_of_the_guide())
def test_every_module_of_the_guide_compiles(name, tmp_path):
    compile_alone(CPP[0], modules_of_the_guide()[name], tmp_path, ".cpp")
