// SPDX-License-Identifier: Apache-2.0
#include "module/note.hpp"

#include "built_module.hpp"

#include <boost/test/unit_test.hpp>

namespace weir {
namespace {

const std::string whole =
    "abi=1 needs=3 name=hello version=1.0 kinds=weir.handler/1,weir.balancer/1";

std::string refusal_of(std::string_view text) {
  const auto note = parse_note(text);
  return note ? "" : note.error().sentence();
}

Loaded<Note> note_of(FileBytes file) {
  const auto elf = Elf::parse(file);
  if (!elf) return elf.error();
  return read_note(*elf);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(note)

BOOST_AUTO_TEST_CASE(all_words_are_read) {
  const auto note = parse_note(whole);
  BOOST_REQUIRE(note);
  BOOST_TEST(note->major == 1U);
  BOOST_TEST(note->needs == 3U);
  BOOST_TEST(note->name == "hello");
  BOOST_TEST(note->version == "1.0");
  BOOST_REQUIRE_EQUAL(note->kinds.size(), 2U);
  BOOST_TEST(note->kinds[1] == "weir.balancer/1");
}

BOOST_AUTO_TEST_CASE(words_of_later_minors_are_passed_over) {
  BOOST_TEST(refusal_of(whole + " colour=blue lonely") == "");
}

BOOST_AUTO_TEST_CASE(a_damaged_note_is_refused_with_its_fault) {
  BOOST_TEST(refusal_of("").find("abi= is missing") != std::string::npos);
  BOOST_TEST(refusal_of("abi=x name=a version=1").find("abi= is no number") != std::string::npos);
  BOOST_TEST(refusal_of("abi=1 needs=-1 name=a version=1").find("needs=") != std::string::npos);
  BOOST_TEST(refusal_of("abi=99999999999 name=a version=1").find("abi=") != std::string::npos);
  BOOST_TEST(refusal_of("abi=1 name=../a version=1").find("name= must be") != std::string::npos);
  BOOST_TEST(refusal_of("abi=1 name=a").find("version= is missing") != std::string::npos);
  BOOST_TEST(refusal_of("abi=1 name=a version=\x1b[31m").find("no line of text") !=
             std::string::npos);
  BOOST_TEST(refusal_of(whole + std::string(5000, 'x')).find("no line") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(another_major_and_a_higher_minor_are_not_accepted) {
  Note given = *parse_note(whole);
  given.needs = 0;
  BOOST_TEST(accept_note(given).has_value());
  given.major = 2;
  BOOST_TEST(accept_note(given).error().sentence() ==
             "built for module ABI 2, while weir " WEIR_VERSION
             " speaks ABI 1; upgrade weir, or build the module for ABI 1");
  given.major = 1;
  given.needs = 7;
  BOOST_TEST(accept_note(given).error().sentence() ==
             "needs module ABI 1.7, while weir " WEIR_VERSION
             " offers 1.0; upgrade weir, or install an older version of the module");
}

BOOST_AUTO_TEST_CASE(module_names_are_file_names_and_config_names_at_once) {
  BOOST_TEST(is_module_name("round_robin2"));
  for (const char* bad : {"", "2x", "_x", "Hello", "a-b", "a.b", "a/b", "..", "a b"}) {
    BOOST_TEST(!is_module_name(bad), bad);
  }
  BOOST_TEST(!is_module_name(std::string(65, 'a')));
}

BOOST_AUTO_TEST_CASE(the_note_of_a_built_module_is_found_even_when_stripped) {
  const test::Folder folder;
  const auto path = test::build(folder, "sample", test::Source{}.text());
  BOOST_TEST(note_of(test::contents(path))->name == "sample");
  BOOST_REQUIRE_EQUAL(std::system(("strip --strip-all " + path).c_str()), 0);
  BOOST_TEST(note_of(test::contents(path))->kinds[0] == "weir.http-filter/1");
}

BOOST_AUTO_TEST_CASE(no_cut_or_changed_byte_makes_it_read_outside) {
  const test::Folder folder;
  const auto whole_file = test::contents(test::build(folder, "sample", test::Source{}.text()));
  const auto touch = [](const std::string& file) {
    const std::vector<char> exact{file.begin(), file.end()};  // a sanitizer sees the next byte
    if (const auto elf = Elf::parse(exact)) {
      static_cast<void>(read_note(*elf));
      static_cast<void>(elf->symbols());
      static_cast<void>(elf->needed_versions());
    }
  };
  for (size_t size = 0; size < whole_file.size(); size += size < 1200 ? 1 : 97) {
    touch(whole_file.substr(0, size));
  }
  for (size_t at = 0; at < 1200; ++at) {  // the headers
    auto changed = whole_file;
    for (const char value : {'\0', '\x7f', '\xff'}) {
      changed[at] = value;
      touch(changed);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_shared_object_is_called_what_it_is) {
  const auto text = [](const std::string& file) { return Elf::parse(file).error().text; };
  BOOST_TEST(text("") == "not a shared object: it is empty");
  BOOST_TEST(text("#!/bin/sh\n") == "not a shared object: it is a text file");
  BOOST_TEST(text("\x01\x02") == "not a shared object: it does not begin with the ELF mark");
  BOOST_TEST(text("\x7f"
                  "ELF") == "cut off within its ELF header");
  const test::Folder folder;
  auto file = test::contents(test::build(folder, "sample", test::Source{}.text()));
  file[18] = EM_AARCH64 == 183 ? '\xb7' : '\0';
  file[19] = '\0';
#if defined(__x86_64__)
  BOOST_TEST(text(file) == "built for aarch64, while this kernel runs on x86-64");
#endif
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir
