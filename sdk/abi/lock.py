#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the layout lock of a minor: sdk/abi/lock.py 1.0 > sdk/abi/1.0.c

A lock is a C file that compiles only while every member that the minor brought stands at its
offset with its exact type, every frozen struct has its size, and every enumerator its value. A
released lock is never written again; the next minor's file holds what is new in it. `--check 1.0`
compares instead.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent / "include"
HEADER = INCLUDE / "weir/module.h"
WIDTH = 100

HEAD = """// SPDX-License-Identifier: Apache-2.0
//
// What minor {minor} of the module ABI promised. It holds when it compiles. Written by lock.py.
#include <weir/module.h>

// clang-format off
#define MEMBER(Struct, member, at, Type) \\
  _Static_assert(offsetof(Struct, member) == (at), #Struct "." #member " has moved"); \\
  _Static_assert(_Generic(((Struct *)0)->member, Type: 1, default: 0), \\
                 #Struct "." #member " has another type")
#define SIZE(Struct, size) _Static_assert(sizeof(Struct) == (size), #Struct " is frozen")
#define VALUE(name, value) _Static_assert((name) == (value), #name " has another value")
#define CALLBACK(name, Type) \\
  _Static_assert(_Generic((name)0, Type: 1, default: 0), #name " has another type")
"""


def squeezed(text):
    return " ".join(text.split())


def code():
    """The header as the compiler sees it, without what it includes."""
    output = subprocess.run(["cc", "-std=c11", "-E", f"-I{INCLUDE}", str(HEADER)],
                            check=True, capture_output=True, text=True).stdout
    ours, kept = False, []
    for line in output.splitlines():
        if line.startswith("#"):
            ours = "/weir/" in line
        elif ours:
            kept.append(line)
    return squeezed(" ".join(kept))


def declarators(body):
    """Splits the members of a struct at semicolons outside parentheses."""
    depth, part = 0, ""
    for mark in body:
        depth += (mark == "(") - (mark == ")")
        if mark == ";" and depth == 0:
            yield squeezed(part)
            part = ""
        else:
            part += mark


def members(declarator):
    """(name, type as _Generic sees it) of one declaration."""
    function = re.match(r"(.*?)\(\*(\w+)\)(\(.*\))$", declarator)
    if function:
        yield function[2], f"{squeezed(function[1])} (*){function[3]}"
        return
    first, *further = declarator.split(",")
    kind, star, name = re.match(r"(.*?)([\s*]+)(\w+(?:\[\d+\])?)$", first).groups()
    for entry in [star.replace(" ", "") + name] + [item.strip() for item in further]:
        stars, name, array = re.match(r"(\**)\s*(\w+)(\[\d+\])?$", entry).groups()
        stars += "*" if array else ""  # an array decays
        yield name, kind + (" " + stars if stars else "")


def structs(text):
    for match in re.finditer(r"struct (weir_\w+) \{(.*?)\}", text):
        found = [member for part in declarators(match[2]) for member in members(part)]
        yield match[1], found


def enumerators(text):
    for match in re.finditer(r"\benum \{(.*?)\}", text):
        for part in match[1].split(","):
            if part.strip():
                yield part.split("=")[0].strip()


def measure(expressions):
    """What the compiler computes for each expression."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "measure.c"
        lines = "".join(f'printf("%ld\\n", (long)({text}));\n' for text in expressions)
        source.write_text("#include <stdio.h>\n#include <weir/module.h>\n"
                          f"int main(void) {{\n{lines}}}\n")
        program = f"{folder}/measure"
        subprocess.run(["cc", "-std=c11", f"-I{INCLUDE}", str(source), "-o", program], check=True)
        done = subprocess.run([program], check=True, capture_output=True, text=True)
    return [int(line) for line in done.stdout.split()]


def frozen():
    """Structs whose comment says that they never grow."""
    source = HEADER.read_text()
    names = []
    for match in re.finditer(r"typedef struct (weir_\w+) \{\s*/\*(.*?)\*/", source, re.S):
        if "Frozen" in match[2]:
            names.append(match[1])
    return names


def wrapped(line):
    """Breaks a MEMBER line that is too long before a word of its type."""
    out = ""
    while len(line) > WIDTH:
        cut = line.rindex(" ", 0, WIDTH)
        out += line[:cut] + "\n"
        line = "       " + line[cut:]
    return out + line


def statements():
    text = code()
    fields = [(struct, name, kind) for struct, found in structs(text) for name, kind in found]
    sizes = frozen()
    names = [name for name in enumerators(text) if not name.endswith(("_COUNT", "_END"))]
    numbers = measure([f"offsetof({struct}, {name})" for struct, name, _ in fields]
                      + [f"sizeof({struct})" for struct in sizes] + names)
    for (struct, name, kind), at in zip(fields, numbers):
        yield f"MEMBER({struct}, {name}, {at}, {kind});"
    for struct, size in zip(sizes, numbers[len(fields):]):
        yield f"SIZE({struct}, {size});"
    for callback in re.finditer(r"typedef ([^;{}]*?)\(\*(\w+)\)(\([^;]*?\));", text):
        yield f"CALLBACK({callback[2]}, {callback[1].strip()} (*){callback[3]});"
    for name, value in zip(names, numbers[len(fields) + len(sizes):]):
        yield f"VALUE({name}, {value});"


def lock(minor):
    earlier = "".join(squeezed(path.read_text()) for path in sorted(HERE.glob("1.*.c"))
                      if path.stem != minor)
    out, line = [HEAD.format(minor=minor)], ""
    for statement in statements():
        if statement in earlier:
            continue
        if not statement.startswith("VALUE"):
            out.append(wrapped(statement))
        elif len(line) + len(statement) < WIDTH:
            line += (" " if line else "") + statement
        else:
            out.append(line)
            line = statement
    return "\n".join(out + [line]) + "\n"


def main():
    check = "--check" in sys.argv
    minor = sys.argv[-1]
    text = lock(minor)
    if check:
        return 0 if (HERE / f"{minor}.c").read_text() == text else "the lock differs from module.h"
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
