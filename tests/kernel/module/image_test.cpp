// SPDX-License-Identifier: Apache-2.0
//
// What is loaded, and with which sentence everything else is refused.
#include "module/image.hpp"

#include "built_module.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace weir {
namespace {

using test::Source;

const uint32_t log_level = WEIR_INFO;
const weir_host host{sizeof(weir_host),
                     WEIR_ABI_MINOR,
                     WEIR_VERSION,
                     &log_level,
                     [](const char*) -> const void* { return nullptr; },
                     [](weir_str) -> uint32_t { return WEIR_INTERNED; },
                     [](const void*, uint32_t, weir_str) {}};

struct Fixture {
  test::Folder folder;
  RunFolder run{folder.path};

  Loaded<std::unique_ptr<Image>> open(const std::string& path) {
    auto file = check_image(path);
    if (!file) return file.error();
    return Image::open(std::move(*file), run);
  }

  std::string build(const Source& source, const std::string& options = "-Wl,-z,defs") {
    return test::build(folder, "sample", source.text(), options);
  }

  // The refusal's sentence without the path in front.
  std::string refusal(const std::string& path) {
    const auto image = open(path);
    if (image) return "";
    const auto sentence = image.error().sentence();
    const auto front = path + ": ";
    return sentence.starts_with(front) ? sentence.substr(front.size()) : sentence;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(image, Fixture)

BOOST_AUTO_TEST_CASE(a_module_is_mapped_from_a_private_copy_and_started) {
  const auto path = build({});
  const auto image = open(path);
  BOOST_REQUIRE_MESSAGE(image, (image ? "" : image.error().sentence()));
  BOOST_TEST(std::string{(*image)->module().name} == "sample");
  BOOST_TEST((*image)->sha256().size() == 64U);
  BOOST_REQUIRE_EQUAL((*image)->components().size(), 1U);
  BOOST_TEST((*image)->start(host).has_value());
  const auto copy = run.path() + "/sample-" + (*image)->sha256().substr(0, 16) + ".so";
  BOOST_TEST(test::contents(copy) == test::contents(path));
  struct stat status {};
  BOOST_REQUIRE_EQUAL(::stat(run.path().c_str(), &status), 0);
  BOOST_TEST((status.st_mode & 0777) == 0700U);
  // Cutting the installed file short does not hurt what is mapped.
  BOOST_REQUIRE_EQUAL(::truncate(path.c_str(), 10), 0);
  const auto& ops = (*image)->components()[0].as<weir_http_filter>();
  BOOST_TEST(ops.response(nullptr) == WEIR_NEXT);
}

BOOST_AUTO_TEST_CASE(a_changed_file_under_the_same_path_is_another_image) {
  BOOST_TEST(std::string{(*open(build({})))->module().version} == "1.0");
  Source changed;
  changed.version = "\"1.1\"";
  changed.note = "WEIR_NOTE(\"sample\", \"1.1\", \"0\", \"weir.http-filter/1\");";
  BOOST_TEST(std::string{(*open(build(changed)))->module().version} == "1.1");
}

BOOST_AUTO_TEST_CASE(structs_of_an_older_minor_read_as_zero_where_they_end) {
  Source older;
  older.ops =
      "{ .size = offsetof(weir_http_filter, response_body), .response = response, "
      ".end = (void (*)(const weir_call *))1 }";
  const auto image = open(build(older));
  BOOST_REQUIRE_MESSAGE(image, (image ? "" : image.error().sentence()));
  const auto& component = (*image)->components()[0];
  BOOST_TEST((component.as<weir_http_filter>().end == nullptr));
  BOOST_TEST(component.as<weir_http_filter>().size == sizeof(weir_http_filter));
  BOOST_TEST(component.table.ops == &component.as<weir_http_filter>());
  BOOST_TEST(component.image == image->get());
}

BOOST_AUTO_TEST_CASE(a_wrong_major_and_a_higher_minor_are_refused_before_any_code_runs) {
  Source source;
  source.extra =
      "#include <stdlib.h>\n__attribute__((constructor)) static void boom(void) { abort(); }";
  source.note = R"(__attribute__((used, section(".note.weir"), aligned(4))) static const struct {
    uint32_t a, b, c; char owner[8]; char text[48]; } note =
    {5, 48, 1, "weir", "abi=2 needs=0 name=sample version=1.0 kinds=x/1"};)";
  BOOST_TEST(refusal(build(source)).starts_with("built for module ABI 2, while weir"));
  source.note = "WEIR_NOTE(\"sample\", \"1.0\", \"9\", \"weir.http-filter/1\");";
  BOOST_TEST(refusal(build(source)).starts_with("needs module ABI 1.9, while weir"));
  source.note.clear();
  BOOST_TEST(
      refusal(build(source)) ==
      "has no weir note, so it is not a weir module; end its source with WEIR_MODULE (C++) or "
      "WEIR_NOTE (C); see sdk/README.md");
}

BOOST_AUTO_TEST_CASE(files_and_folders_that_others_may_write_are_refused) {
  const auto path = build({});
  BOOST_REQUIRE_EQUAL(::chmod(path.c_str(), 0666), 0);
  BOOST_TEST(
      refusal(path) ==
      "the file is writable by everyone (mode 0666), who could put code into this process; run: "
      "chmod go-w " +
          path);
  BOOST_REQUIRE_EQUAL(::chmod(path.c_str(), 0664), 0);
  BOOST_TEST(refusal(path).starts_with("the file is writable by its group (mode 0664)"));
  BOOST_REQUIRE_EQUAL(::chmod(path.c_str(), 0644), 0);
  BOOST_REQUIRE_EQUAL(::chmod(folder.path.c_str(), 0777), 0);
  BOOST_TEST(refusal(path).starts_with("the folder " + folder.path + " is writable by everyone"));
  BOOST_REQUIRE_EQUAL(::chmod(folder.path.c_str(), 01777), 0);
  BOOST_TEST(refusal(path) == "");
}

BOOST_AUTO_TEST_CASE(a_file_of_another_user_is_refused) {
  if (::geteuid() != 0) return;  // only root can make one
  const auto path = build({});
  BOOST_REQUIRE_EQUAL(::chown(path.c_str(), 65534, 0), 0);
  BOOST_TEST(refusal(path).starts_with("the file belongs to nobody (uid 65534), who could"));
}

BOOST_AUTO_TEST_CASE(what_is_no_module_file_is_refused) {
  BOOST_TEST(
      refusal(folder.write("text.so", "hello\n")).starts_with("not a shared object: it is a text"));
  BOOST_TEST(refusal(folder.path) == "is no regular file; give the path of the .so file");
  BOOST_TEST(refusal(folder.path + "/none.so") ==
             "cannot be opened: No such file or directory; check the path");
  const auto pipe = folder.path + "/pipe.so";
  BOOST_REQUIRE_EQUAL(::mkfifo(pipe.c_str(), 0600), 0);
  BOOST_TEST(refusal(pipe) == "is no regular file; give the path of the .so file");
}

BOOST_AUTO_TEST_CASE(a_pin_must_match) {
  const auto path = build({});
  const auto sum = check_image(path)->sha256;
  BOOST_TEST(check_image(path, sum).has_value());
  const auto wrong = check_image(path, std::string(64, '0'));
  BOOST_REQUIRE(!wrong);
  BOOST_TEST(wrong.error().text.find("(its sha256 is " + sum + ")") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_missing_symbol_or_library_is_named_with_a_way_out) {
  Source source;
  source.extra =
      "extern int absent(void);\nint weir_used(void);\nint weir_used(void) { return absent(); }";
  BOOST_TEST(
      refusal(build(source, "")) ==
      "uses absent, which none of its libraries has; link the module to the library that has it "
      "(target_link_libraries)");
  const auto library = test::build(folder, "libabsent2", "int absent(void) { return 1; }",
                                   "-fvisibility=default -Wl,-soname,libabsent2.so.4");
  source.extra += "\n";
  const auto path = build(source, library);
  BOOST_TEST(
      refusal(path) ==
      "needs the library libabsent2.so.4, which is not installed; try: apt install libabsent2-4");
}

BOOST_AUTO_TEST_CASE(code_that_says_other_than_its_note_is_refused) {
  Source source;
  source.version = "\"1.2\"";
  BOOST_TEST(
      refusal(build(source)).starts_with("its note says version 1.0, its code 1.2; correct"));
  source = {};
  source.minor = "4";
  BOOST_TEST(refusal(build(source)).starts_with("its note says ABI 1.0, its code 1.4"));
  source = {};
  source.note = "WEIR_NOTE(\"sample\", \"1.0\", \"0\", \"weir.handler/1\");";
  BOOST_TEST(refusal(build(source)).starts_with("its note says other kinds than its code has"));
}

BOOST_AUTO_TEST_CASE(faulty_tables_are_refused) {
  Source source;
  source.ops = "{ .size = sizeof ops }";
  BOOST_TEST(
      refusal(build(source)).starts_with("component 'sample': it has no request and response"));
  source = {};
  source.ops = "{ .size = 4, .response = response }";
  BOOST_TEST(refusal(build(source))
                 .starts_with("component 'sample': its table of functions is too small"));
  source = {};
  source.kind = "weir.spoon/1";
  BOOST_TEST(refusal(build(source)).find("knows no kind 'weir.spoon/1'") != std::string::npos);
  source = {};
  source.extra =
      "struct conf { uint32_t on; };\n"
      "static const weir_key keys[] = { {\"on\", \"On.\", \"perhaps\", WEIR_BOOL, 0, 0, "
      "NULL, NULL, 0, 0} };\n"
      "static const weir_schema schema = WEIR_SCHEMA(keys, struct conf);";
  source.schema = "&schema";
  BOOST_TEST(refusal(build(source)).starts_with("component 'sample': "));
}

BOOST_AUTO_TEST_CASE(a_load_that_fails_says_why) {
  Source source;
  source.extra =
      "static weir_rc load(const weir_host *host) {\n"
      "  return host->get(\"weir.moon/1\") ? WEIR_OK : WEIR_UNSUPPORTED; }";
  source.load = "load";
  const auto image = open(build(source));
  BOOST_REQUIRE(image);
  BOOST_TEST((*image)->start(host).error().text.ends_with("needs a service that weir " WEIR_VERSION
                                                          " does not have"));
}

BOOST_AUTO_TEST_CASE(the_linkers_other_messages_have_a_way_out_too) {
  BOOST_TEST(
      explain_linker("libre2.so.9: cannot open shared object file: No such file or directory", "x")
          .hint == "try: apt install libre2-9");
  BOOST_TEST(
      explain_linker("libz.so.1: cannot open shared object file: No such file or directory", "x")
          .hint == "try: apt install zlib1g");
  BOOST_TEST(explain_linker("/r/a.so: undefined symbol: _ZN3foo3barEv", "/r/a.so").text ==
             "uses foo::bar(), which none of its libraries has");
  BOOST_TEST(explain_linker("/r/a.so: undefined symbol: weir_http_get", "/r/a.so").hint ==
             "weir exports nothing: fetch services with weir_host.get");
  BOOST_TEST(explain_linker("/r/a.so: failed to map segment from shared object", "/r/a.so")
                 .text.find("noexec") != std::string::npos);
  BOOST_TEST(explain_linker("odd", "x").text == "cannot be mapped: odd");
}

BOOST_AUTO_TEST_CASE(the_run_folder_goes_with_its_process_and_dead_ones_are_swept) {
  const auto start = folder.path + "/weir-" + std::to_string(::geteuid()) + "-";
  const auto make = [](const std::string& path) {
    std::filesystem::create_directory(path);
    std::filesystem::permissions(path, std::filesystem::perms{0700});
    std::ofstream{path + "/old-1.so"} << "x";
  };
  make(start + "1-AbCdEf");
  make(start + "backup");  // not one of ours
  std::string path;
  {
    RunFolder own{folder.path};
    RunFolder second{folder.path};
    path = *own.copy("a-1.so", std::string_view{"abc"});
    BOOST_TEST(!std::filesystem::exists(start + "1-AbCdEf"));
    BOOST_TEST(test::contents(*second.copy("a-1.so", std::string_view{"xyz"})) == "xyz");
    BOOST_TEST(test::contents(path) == "abc");
    std::filesystem::remove_all(own.path());  // somebody cleans up in a running system
    BOOST_TEST(test::contents(*own.copy("b-2.so", std::string_view{"b"})) == "b");
    path = own.path();
  }
  BOOST_TEST(!std::filesystem::exists(path));
  BOOST_TEST(std::filesystem::exists(start + "backup/old-1.so"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir
