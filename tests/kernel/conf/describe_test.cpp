// SPDX-License-Identifier: Apache-2.0
#include "conf/describe.hpp"

#include <cstddef>

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir::conf;

struct Inner {
  weir_str hash;
};
struct Conf {
  int64_t age;
  uint32_t mode;
  weir_str key;
  weir_list users;
};

constexpr const char* modes[] = {"text", "a|b", nullptr};
constexpr weir_key inner_keys[] = {{"hash", "Hash.", nullptr, WEIR_SECRET, WEIR_REQUIRED,
                                    offsetof(Inner, hash), nullptr, nullptr, 0, 0}};
constexpr weir_schema inner = WEIR_SCHEMA(inner_keys, Inner);
constexpr weir_key keys[] = {
    {"age", "Age.", "1h", WEIR_DURATION, WEIR_PER_ROUTE, offsetof(Conf, age), nullptr, nullptr, 0,
     0},
    {"mode", "Mode.", "text", WEIR_CHOICE, WEIR_DEPRECATED, offsetof(Conf, mode), modes, nullptr, 0,
     0},
    {"key", "Key.", nullptr, WEIR_SECRET, 0, offsetof(Conf, key), nullptr, nullptr, 0, 0},
    {"users", "Users.", nullptr, WEIR_TABLE, WEIR_LIST, offsetof(Conf, users), nullptr, &inner, 0,
     0},
};
constexpr weir_schema schema = WEIR_SCHEMA(keys, Conf);

BOOST_AUTO_TEST_SUITE(describe)

BOOST_AUTO_TEST_CASE(a_key_table_is_markdown) {
  BOOST_TEST(key_table(schema) ==
             "| key | type | default | meaning |\n|---|---|---|---|\n"
             "| `age` | duration | `\"1h\"` | Age. Per route. |\n"
             "| `mode` | `text`, `a\\|b` | `\"text\"` | Deprecated. Mode. |\n"
             "| `key` | secret |  | Key. |\n"
             "| `users` | list of table |  | Users. |\n"
             "| `users[].hash` | secret | required | Hash. |\n");
}

BOOST_AUTO_TEST_CASE(an_effective_table_shows_origins_and_no_secrets) {
  Report report;
  const auto document =
      load_text("weir.toml", "key = \"plain\"\nusers = [{ hash = { file = \"f\" } }]\n", report);
  Input input;
  input.table = &document->root();
  const std::string text = effective_table(schema, input, "[filter.x]");
  BOOST_TEST(text ==
             "[filter.x]\n"
             "age = \"1h\"                                      # default\n"
             "mode = \"text\"                                   # default\n"
             "key = \"(hidden)\"                                # weir.toml:1\n"
             "users = [{ hash = { file = \"f\" } }]             # weir.toml:2\n");
}

BOOST_AUTO_TEST_CASE(an_effective_file_reads_as_itself) {
  Report report;
  const auto document =
      load_text("weir.toml",
                "modules = [\"x\"]\n[[listener]]\naddress = \":80\"\n[[route]]\nto = \"a b\"\n"
                "filters = [{ x = { age = \"5m\" } }]\n[upstream.\"a b\"]\nendpoints = \"h:1\"\n"
                "[filter.y]\nuse = \"x\"\nage = \"2h\"\n[observe.z]\nwhat = 1.0\n",
                report);
  const SchemaOf schema_of = [](std::string_view kind, std::string_view name) {
    return kind == "filter" && name == "x" ? &schema : nullptr;
  };
  const std::string text = effective(*document, schema_of);
  for (const char* part :
       {"[upstream.\"a b\"]\n", "max_idle = 64 ", "age = \"2h\" ", "mode = \"text\" ",
        "on_fault = \"standard\" ", "what = 1.0 ", "filters = [{ x = { age = \"5m\" } }] "}) {
    BOOST_TEST(text.find(part) != std::string::npos, part);
  }
  const auto again = load_text("effective.toml", text, report);
  BOOST_TEST_REQUIRE(again.has_value());
  BOOST_TEST(again->root().find("filter")->find("y")->find("age")->text() == "2h");
}

BOOST_AUTO_TEST_CASE(a_json_schema_names_types_defaults_and_what_is_required) {
  const std::string text = json_schema(schema);
  for (const char* part :
       {R"("additionalProperties":false)", R"("description":"Age.","default":"1h")",
        R"("enum":["text","a|b"])", R"("deprecated":true)", R"("required":["hash"])"}) {
    BOOST_TEST(text.find(part) != std::string::npos, part);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
