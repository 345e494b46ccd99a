// SPDX-License-Identifier: Apache-2.0
#include "module/registry.hpp"

#include "built_module.hpp"

#include <boost/test/unit_test.hpp>

namespace weir {
namespace {

using test::Source;

const uint32_t log_level = WEIR_INFO;
int loads = 0;
const void* count_load(const char*) {
  ++loads;
  return &log_level;
}
const weir_host host{sizeof(weir_host),
                     WEIR_ABI_MINOR,
                     WEIR_VERSION,
                     &log_level,
                     count_load,
                     [](weir_str) -> uint32_t { return WEIR_INTERNED; },
                     [](const void*, uint32_t, weir_str) {}};

struct Fixture {
  Fixture() { loads = 0; }

  // A module `name` whose load asks the host for one service, and whose filter is `component`.
  void build(const std::string& name, const std::string& component = {}) {
    Source source;
    source.name = component.empty() ? name : component;
    source.extra =
        "static weir_rc load(const weir_host *host) { return host->get(\"x\") ? 0 : -1; }";
    source.load = "load";
    source.note = "WEIR_NOTE(\"" + source.name + "\", \"1.0\", \"0\", \"weir.http-filter/1\");";
    auto text = source.text();
    if (!component.empty()) {  // another module with a component of that name
      const auto old = ".minor_required = 0, .name = \"" + component + "\"";
      text.replace(text.find(old), old.size(), ".minor_required = 0, .name = \"" + name + "\"");
      const auto note = "WEIR_NOTE(\"" + component;
      text.replace(text.find(note), note.size(), "WEIR_NOTE(\"" + name);
    }
    test::build(folder, name, text);
  }

  std::string refusal(const Wanted& wanted) {
    const auto image = registry.load(wanted);
    return image ? "" : image.error().sentence();
  }

  test::Folder folder;
  Images images{host, folder.path};
  Registry registry{images, {folder.path}};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(registry, Fixture)

BOOST_AUTO_TEST_CASE(a_bare_name_is_looked_up_and_its_components_are_found) {
  build("sample");
  BOOST_TEST(refusal({"sample", {}, {}}) == "");
  const Component* found = registry.find("weir.http-filter/1", "sample");
  BOOST_REQUIRE(found != nullptr);
  BOOST_TEST(std::string{found->table.doc} == "One.");
  BOOST_TEST(registry.find("weir.handler/1", "sample") == nullptr);
  BOOST_TEST(registry.components("weir.http-filter/1").size() == 1U);
  BOOST_TEST(registry.components().size() == 1U);
}

BOOST_AUTO_TEST_CASE(equal_content_is_mapped_and_loaded_once_over_generations) {
  build("sample");
  const Image* first = *registry.load({"sample", {}, {}});
  Registry next{images, {folder.path}};
  BOOST_TEST(*next.load({"sample", {}, {}}) == first);
  BOOST_TEST(loads == 1);
  build("sample", "other");  // a new version, while the old one is in use
  Registry after{images, {folder.path}};
  BOOST_TEST(*after.load({"sample", {}, {}}) != first);
  BOOST_TEST(loads == 2);
  BOOST_TEST(images.mapped() == 2U);
}

BOOST_AUTO_TEST_CASE(a_missing_module_is_refused_with_the_nearest_name) {
  build("round_robin");
  BOOST_TEST(refusal({"round_robbin", {}, {}}) ==
             "no module 'round_robbin' in " + folder.path + "; did you mean 'round_robin'?");
  BOOST_TEST(refusal({"compress", {}, {}}) ==
             "no module 'compress' in " + folder.path +
                 "; install it, or say where it is: [module.compress] path = \"/path/to/it.so\"");
}

BOOST_AUTO_TEST_CASE(a_path_and_a_pin_are_honoured) {
  build("sample");
  const test::Folder elsewhere;
  const auto path = elsewhere.path + "/renamed.so";
  std::filesystem::copy_file(folder.path + "/sample.so", path);
  BOOST_TEST(refusal({"sample", path, std::string(64, '1')}).find("pinned") != std::string::npos);
  BOOST_TEST(refusal({"acme", path, {}}) ==
             path +
                 ": holds the module 'sample', not 'acme'; call it 'sample' in the file as well");
  BOOST_TEST(refusal({"sample", path, {}}) == "");
  BOOST_TEST(refusal({"sample", path, {}}) == "module 'sample' is listed twice; remove one");
}

BOOST_AUTO_TEST_CASE(two_modules_cannot_have_the_same_component) {
  build("sample");
  build("double", "sample");
  BOOST_TEST(refusal({"sample", {}, {}}) == "");
  BOOST_TEST(refusal({"double", {}, {}}) ==
             folder.path +
                 "/double.so: its component 'sample' (weir.http-filter/1) is already that of " +
                 folder.path + "/sample.so; list only one of the two modules");
  BOOST_TEST(registry.modules().size() == 1U);
}

BOOST_AUTO_TEST_CASE(folders_come_from_the_environment_first) {
  ::setenv("WEIR_MODULE_PATH", (":" + folder.path + ":/no/such/folder").c_str(), 1);
  const auto folders = module_folders();
  ::unsetenv("WEIR_MODULE_PATH");
  BOOST_REQUIRE(!folders.empty());
  BOOST_TEST(folders.front() == folder.path);
  folder.write("README", "x");
  folder.write("Bad-Name.so", "x");
  folder.write("fine.so", "x");
  const auto files = module_files({folder.path});
  BOOST_REQUIRE_EQUAL(files.size(), 1U);
  BOOST_TEST(files.at("fine") == folder.path + "/fine.so");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir
