#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the tree to its layout: who may include whom, sizes, licence lines, names.

kernel/FLOORS lists the kernel's folders from the ground up. A floor includes itself and what lies
below it; a module includes <weir/...>, its own folder and system headers; no include graph has a
cycle. Prints one line for each breach and exits 1 if there is any.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE_LINES = 600
FUNCTION_LINES = 60
COLUMNS = 100
LICENCE = "SPDX-License-Identifier: Apache-2.0"
CODE = {".c", ".h", ".cpp", ".hpp"}
SCRIPTS = {".py", ".sh", ".cmake"}
# Words that say nothing about what is inside.
EMPTY_WORDS = {"mgr", "ctx", "util", "utils", "helper", "helpers", "impl", "common", "misc"}
MODULE_PARTS = ("CMakeLists.txt", "README.md", "example.toml")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
NOISE = re.compile(  # comments, raw strings, strings, characters
    r"""//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)'(?:\\.|[^'\\\n])+'""",
    re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
NO_FUNCTION = re.compile(
    r"\s*(?:(?:inline|export|typedef|static|template\s*<.*>)\s+)*"
    r"(?:if|else|for|while|do|switch|catch|try|class|struct|union|enum|namespace|extern)\b", re.S)
SDK_NAME = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)"
                      r"|^(?:typedef[ \t]+)?(?:struct|enum|union)[ \t]+(\w+)", re.M)

problems = []


def complain(path, line, text):
    place = path.relative_to(ROOT)
    problems.append(f"{place}:{line}: {text}" if line else f"{place}: {text}")


def sources():
    for top in ("kernel", "modules", "sdk", "tests", "tools"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def is_text_source(path):
    if path.suffix in CODE | SCRIPTS or path.name == "CMakeLists.txt":
        return True
    if path.suffix:
        return False
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def check_file(path, text):
    lines = text.count("\n")
    if lines > FILE_LINES:
        complain(path, 0, f"{lines} lines, at most {FILE_LINES}; what is its second subject?")
    head = [line for line in text.split("\n", 2)[:2] if not line.startswith("#!")]
    if text and LICENCE not in head[0]:
        complain(path, 1, f"the first line must say {LICENCE}")
    for word in set(re.split(r"[_.\-]", path.name)) & EMPTY_WORDS:
        complain(path, 0, f'"{word}" in a file name says nothing; name what is inside')
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > COLUMNS and path.suffix not in CODE:  # clang-format sees to code
            complain(path, number, f"{len(line)} columns, at most {COLUMNS}")


def check_functions(path, text):
    """Brace counting on text without comments and strings; good enough for formatted code."""
    for pattern in (NOISE, DIRECTIVE):
        text = pattern.sub(lambda match: "\n" * match.group().count("\n"), text)
    opened, start, line = [], 0, 1
    for match in re.finditer(r"[{};\n]", text):
        mark = match.group()
        if mark == "\n":
            line += 1
            continue
        if mark == "{":
            before = text[start:match.start()]
            function = (")" in before and not NO_FUNCTION.match(before)
                        and "=" not in before.split("(")[0])
            opened.append((line, function, before))
        elif mark == "}" and opened:
            first, function, before = opened.pop()
            if function and line - first > FUNCTION_LINES:
                name = re.findall(r"([\w:~]+)\s*\(", before)
                complain(path, first, f"{name[0] if name else 'a function'} has {line - first} "
                                      f"lines, at most {FUNCTION_LINES}")
        start = match.end()


def includes(text):
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group(1) == '"', match.group(2)


def check_kernel_includes(path, text, floors):
    floor = path.relative_to(ROOT / "kernel").parts[0]
    level = floors.index(floor) if floor in floors else len(floors)  # main.cpp stands on the roof
    for line, quoted, name in includes(text):
        target = name.split("/")[0]
        if quoted and target not in floors:
            complain(path, line, f'"{name}": write the path from kernel/, such as "base/arena.hpp"')
        elif quoted and floors.index(target) > level:
            complain(path, line, f'"{name}": floor {floor} lies below {target}')
        elif name == "weir/module.hpp":
            complain(path, line, "<weir/module.hpp> is for modules; the kernel has module.h")


def check_module_includes(path, text):
    sdk = ROOT / "sdk/include"
    for line, quoted, name in includes(text):
        if quoted and not (path.parent / name).is_file() or ".." in name:
            complain(path, line, f'"{name}": a module includes its own folder and <weir/...> only')
        elif not quoted and name.startswith("weir/") and not (sdk / name).is_file():
            complain(path, line, f"<{name}>: not in sdk/include")


def check_sdk_header(path, text):
    for line, quoted, name in includes(text):
        if quoted or (name.startswith("weir/") and not (ROOT / "sdk/include" / name).is_file()):
            complain(path, line, f"{name}: SDK headers include <weir/...> and system headers only")
    for match in SDK_NAME.finditer(text) if path.suffix == ".h" else ():
        name = match.group(1) or match.group(2)
        if not name.lower().startswith("weir_"):
            line = text.count("\n", 0, match.start()) + 1
            complain(path, line, f"{name}: C names start with weir_ or WEIR_")


def check_poco_http(path, text):
    for line, _, name in includes(text):
        if name.startswith("Poco/Net/HTTP"):
            complain(path, line, f"<{name}>: Poco's HTTP parser is lenient; kernel/http parses")


def check_cycles(headers):
    """Depth first over the headers of the kernel; a header met again on its own path is a cycle."""
    done = set()

    def visit(path, trail):
        if path in trail:
            names = [str(step.relative_to(ROOT / "kernel")) for step in trail[trail.index(path):]]
            complain(path, 0, "include cycle: " + " -> ".join(names))
        elif path not in done:
            for target in headers[path]:
                if target in headers:
                    visit(target, trail + [path])
            done.add(path)

    for path in headers:
        visit(path, [])


def check_module_folders():
    for folder in sorted((ROOT / "modules").iterdir()):
        if not folder.is_dir() or folder.name == "__pycache__":
            continue
        for part in MODULE_PARTS:
            if not (folder / part).is_file():
                complain(folder, 0, f"has no {part}")
        if not any(folder.glob("module.c*")):
            complain(folder, 0, "has no module.cpp")
        if not any(folder.glob("test_*.py")):
            complain(folder, 0, "has no test_*.py that shows it in a real proxy")


def main():
    floors = (ROOT / "kernel/FLOORS").read_text().split()
    for folder in sorted((ROOT / "kernel").iterdir()):
        if folder.is_dir() and folder.name not in floors:
            complain(folder, 0, "not a floor: kernel/FLOORS does not list it")
    headers = {}
    for path in sources():
        if not is_text_source(path):
            continue
        text = path.read_text()
        top = path.relative_to(ROOT).parts[0]
        check_file(path, text)
        if path.suffix not in CODE:
            continue
        check_functions(path, text)
        check_poco_http(path, text)
        if top == "kernel":
            check_kernel_includes(path, text, floors)
            if path.suffix == ".hpp":
                headers[path] = [ROOT / "kernel" / name for _, own, name in includes(text) if own]
        elif top == "modules" or "template" in path.parts:
            check_module_includes(path, text)
        elif path.is_relative_to(ROOT / "sdk/include"):
            check_sdk_header(path, text)
    check_cycles(headers)
    check_module_folders()
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
