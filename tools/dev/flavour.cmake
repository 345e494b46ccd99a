# SPDX-License-Identifier: Apache-2.0
#
# Compiler and linker flags of every flavour. They bind this tree only: weir_add_module() adds what
# a module needs anywhere, and leaves a third party's warnings to the third party.

# Paths in messages and debug data start at the root of the tree, wherever that lies; gcov alone
# must find the sources again. ccache then takes a build in another folder for the same.
if(NOT WEIR_FLAVOUR STREQUAL "coverage")
  add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=
                      -ffile-prefix-map=${CMAKE_BINARY_DIR}=.)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fvisibility=hidden)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options(-Wno-restrict) # false alarms in std::string's own code (GCC bug 105651)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 sees overlaps in "text" + std::string that cannot be (GCC bug 105651).
  add_compile_options(-Wno-restrict)
endif()
add_compile_definitions($<$<COMPILE_LANGUAGE:CXX>:_GLIBCXX_ASSERTIONS>)
add_link_options(-Wl,-z,relro,-z,now,--as-needed)

# Position independent code throughout, which -fvisibility=hidden makes as cheap as -fPIE.
include(CheckPIESupported)
check_pie_supported()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# What is shipped, hardened; the price is 0.2 % of the instructions (design, reliability.md 5.5).
set(hardening -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong
              -fstack-clash-protection -ftrivial-auto-var-init=zero)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64|AMD64")
  list(APPEND hardening -fcf-protection=full)
endif()

# A sanitizer names functions and lines only, so -g1 does and halves what is written and linked.
set(sanitizer -O1 -g1 -fno-omit-frame-pointer)

if(WEIR_FLAVOUR MATCHES "^(release|clang)$")
  add_compile_options(-O2 -g ${hardening})
elseif(WEIR_FLAVOUR STREQUAL "debug")
  add_compile_options(-O0 -g)
elseif(WEIR_FLAVOUR STREQUAL "asan")
  add_compile_options(${sanitizer} -fsanitize=address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
elseif(WEIR_FLAVOUR STREQUAL "tsan")
  add_compile_options(${sanitizer} -fsanitize=thread)
  add_link_options(-fsanitize=thread)
elseif(WEIR_FLAVOUR STREQUAL "coverage")
  add_compile_options(-O0 -g1 --coverage)
  add_link_options(--coverage)
elseif(WEIR_FLAVOUR STREQUAL "fuzz")
  add_compile_options(${sanitizer} -fsanitize=fuzzer-no-link,address,undefined
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
else()
  message(FATAL_ERROR "WEIR_FLAVOUR: unknown flavour \"${WEIR_FLAVOUR}\"")
endif()
