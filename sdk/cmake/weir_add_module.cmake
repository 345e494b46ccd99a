# SPDX-License-Identifier: Apache-2.0
#
# weir_add_module(NAME [source...] [NEEDS pkg-config-name...])
#
# Builds NAME.so, installs it, and registers its tests. Without sources it takes every *.cpp and *.c
# of the folder but test_* and fuzz_*. NEEDS links libraries by their pkg-config names; where one is
# missing the module is skipped with a line that says so. target_link_libraries(NAME PRIVATE ...)
# works as well.
#
# Tests, as far as the folder has what they need:
#   NAME.exports  exactly one symbol is exported         NAME.load     the real loader takes it
#   NAME.manual   README.md has the key table of the code NAME.example  example.toml is correct
#   NAME.x        one for each test_x.cpp (Boost.Test), linked with every source but module.cpp
# test_*.py of a module are run by pytest, all modules in one call.
include_guard()
set(_weir_exports_map ${CMAKE_CURRENT_LIST_DIR}/exports.map)

function(weir_add_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "NEEDS")
  set(here ${CMAKE_CURRENT_SOURCE_DIR})
  set(sources ${arg_UNPARSED_ARGUMENTS})
  if(NOT sources)
    file(GLOB sources CONFIGURE_DEPENDS ${here}/*.cpp ${here}/*.c)
    list(FILTER sources EXCLUDE REGEX "/(test|fuzz)_[^/]*$")
  endif()
  if(NOT sources)
    message(WARNING "module ${name}: skipped, it has no sources")
    return()
  endif()
  _weir_wanted(${name} "${arg_NEEDS}" wanted)
  if(NOT wanted)
    return()
  endif()

  add_library(${name} MODULE ${sources})
  target_link_libraries(${name} PRIVATE weir::sdk)
  foreach(need IN LISTS arg_NEEDS)
    target_link_libraries(${name} PRIVATE PkgConfig::${need})
  endforeach()
  _weir_standards(${name})
  set_target_properties(${name} PROPERTIES
    PREFIX "" C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${_weir_exports_map})
  target_link_options(${name} PRIVATE
    LINKER:-z,defs,-z,now,-z,relro,--exclude-libs,ALL,--version-script=${_weir_exports_map})
  if(TARGET weir_modules)
    add_dependencies(weir_modules ${name})
  endif()
  install(TARGETS ${name} LIBRARY DESTINATION ${WEIR_MODULE_DIR})
  _weir_install_if(${here}/README.md share/doc/weir/modules/${name})
  _weir_install_if(${here}/example.toml share/doc/weir/modules/${name})
  if(BUILD_TESTING)
    _weir_module_tests(${name} "${sources}")
  endif()
endfunction()

# Sets `result` to whether the module is built: asked for, and what it needs is there.
function(_weir_wanted name needs result)
  set(${result} NO PARENT_SCOPE)
  if(WEIR_MODULES AND NOT WEIR_MODULES MATCHES "^(all|auto)$" AND NOT name IN_LIST WEIR_MODULES)
    return()
  endif()
  if(needs)
    find_package(PkgConfig REQUIRED)
  endif()
  foreach(need IN LISTS needs)
    if(NOT TARGET PkgConfig::${need})
      pkg_check_modules(${need} QUIET IMPORTED_TARGET GLOBAL ${need})
    endif()
    if(NOT TARGET PkgConfig::${need})
      if(WEIR_MODULES AND NOT WEIR_MODULES STREQUAL "auto")
        message(FATAL_ERROR "module ${name}: pkg-config finds no ${need}")
      endif()
      message(STATUS "module ${name}: skipped, pkg-config finds no ${need}")
      return()
    endif()
  endforeach()
  set(${result} YES PARENT_SCOPE)
endfunction()

function(_weir_standards target)
  set_target_properties(${target} PROPERTIES C_STANDARD 11 CXX_STANDARD 20
    C_STANDARD_REQUIRED ON CXX_STANDARD_REQUIRED ON)
endfunction()

function(_weir_install_if file destination)
  if(EXISTS ${file})
    install(FILES ${file} DESTINATION ${destination})
  endif()
endfunction()

function(_weir_module_tests name sources)
  set(here ${CMAKE_CURRENT_SOURCE_DIR})
  add_test(NAME ${name}.exports COMMAND ${CMAKE_NM} -D --defined-only $<TARGET_FILE:${name}>)
  set_tests_properties(${name}.exports PROPERTIES
    PASS_REGULAR_EXPRESSION "^[0-9a-f]+ [A-Z] weir_module_v1\n$")
  if(TARGET weir::weir)
    add_test(NAME ${name}.load COMMAND weir::weir module info $<TARGET_FILE:${name}>)
    if(EXISTS ${here}/README.md)
      add_test(NAME ${name}.manual
        COMMAND weir::weir module manual $<TARGET_FILE:${name}> --check ${here}/README.md)
    endif()
    if(EXISTS ${here}/example.toml)
      add_test(NAME ${name}.example COMMAND weir::weir check ${here}/example.toml)
      set_tests_properties(${name}.example PROPERTIES
        ENVIRONMENT "WEIR_MODULE_PATH=$<TARGET_FILE_DIR:${name}>")
    endif()
  endif()

  file(GLOB tests CONFIGURE_DEPENDS ${here}/test_*.cpp)
  if(tests)
    find_package(Boost REQUIRED COMPONENTS unit_test_framework)
    list(FILTER sources EXCLUDE REGEX "(^|/)module\\.(cpp|c)$")
  endif()
  foreach(test IN LISTS tests)
    cmake_path(GET test STEM stem) # test_x
    set(target ${name}_${stem})
    add_executable(${target} ${test} ${sources})
    target_compile_definitions(${target} PRIVATE BOOST_TEST_DYN_LINK)
    target_link_libraries(${target} PRIVATE
      weir::sdk Boost::unit_test_framework $<TARGET_PROPERTY:${name},LINK_LIBRARIES>)
    _weir_standards(${target})
    set_target_properties(${target} PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    string(REGEX REPLACE "^test_" "" stem ${stem})
    add_test(NAME ${name}.${stem} COMMAND ${target})
  endforeach()
endfunction()
