// SPDX-License-Identifier: Apache-2.0
#include "conf/schema.hpp"

#include "conf/units.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir::conf;

struct User {
  weir_str name, hash;
  int64_t tries;
};

struct Inner {
  int64_t number;
  weir_list list;
};

struct Conf {
  uint32_t flag, choice;
  int64_t integer;
  double real;
  weir_str text, secret, path;
  int64_t duration;
  uint64_t bytes;
  double percent, rate;
  const weir_template* pattern;
  weir_cidr range;
  weir_list names, ranges, users, fields, sizes, old;
  Inner inner;
};

constexpr const char* colours[] = {"red", "green", nullptr};

constexpr weir_key user_keys[] = {
    {"name", "Name.", nullptr, WEIR_TEXT, WEIR_REQUIRED, offsetof(User, name), nullptr, nullptr, 0,
     0},
    {"hash", "Hash.", nullptr, WEIR_SECRET, 0, offsetof(User, hash), nullptr, nullptr, 0, 0},
    {"tries", "Tries.", "3", WEIR_INT, 0, offsetof(User, tries), nullptr, nullptr, 1, 10},
};
constexpr weir_schema user_schema = WEIR_SCHEMA(user_keys, User);

constexpr weir_key inner_keys[] = {
    {"number", "Number.", "7", WEIR_INT, WEIR_PER_ROUTE, offsetof(Inner, number), nullptr, nullptr,
     0, 0},
    {"list", "List.", "[1, 2]", WEIR_INT, WEIR_LIST, offsetof(Inner, list), nullptr, nullptr, 0, 0},
};
constexpr weir_schema inner_schema = WEIR_SCHEMA(inner_keys, Inner);

constexpr weir_key key(const char* name, uint32_t type, size_t offset, const char* preset,
                       uint32_t flags = 0) {
  return {name, "Doc.", preset, type, flags, offset, nullptr, nullptr, 0, 0};
}

constexpr weir_key with_choices(weir_key key) {
  key.choices = colours;
  return key;
}

constexpr weir_key with_sub(weir_key key, const weir_schema& sub) {
  key.sub = &sub;
  return key;
}

constexpr weir_key keys[] = {
    key("flag", WEIR_BOOL, offsetof(Conf, flag), "true"),
    with_choices(key("choice", WEIR_CHOICE, offsetof(Conf, choice), "green")),
    key("integer", WEIR_INT, offsetof(Conf, integer), "-4", WEIR_PER_ROUTE),
    key("real", WEIR_FLOAT, offsetof(Conf, real), "0.5"),
    key("text", WEIR_TEXT, offsetof(Conf, text), "bare", WEIR_PER_ROUTE),
    key("secret", WEIR_SECRET, offsetof(Conf, secret), nullptr),
    key("path", WEIR_FILE, offsetof(Conf, path), nullptr),
    key("duration", WEIR_DURATION, offsetof(Conf, duration), "1h"),
    key("bytes", WEIR_BYTES, offsetof(Conf, bytes), "\"64KiB\""),
    key("percent", WEIR_PERCENT, offsetof(Conf, percent), "20%"),
    key("rate", WEIR_RATE, offsetof(Conf, rate), "50/s"),
    key("pattern", WEIR_TEMPLATE, offsetof(Conf, pattern), "{client.address}"),
    key("range", WEIR_CIDR, offsetof(Conf, range), "10.0.0.0/8"),
    key("names", WEIR_TEXT, offsetof(Conf, names), "[\"a\", \"b\"]", WEIR_LIST | WEIR_PER_ROUTE),
    key("ranges", WEIR_CIDR, offsetof(Conf, ranges), "::1", WEIR_LIST),
    with_sub(key("users", WEIR_TABLE, offsetof(Conf, users), nullptr, WEIR_LIST), user_schema),
    key("fields", WEIR_TEMPLATE, offsetof(Conf, fields), nullptr,
        WEIR_MAP | WEIR_FIELD_KEYS | WEIR_PER_ROUTE),
    key("sizes", WEIR_BYTES, offsetof(Conf, sizes), "{ a = \"1KiB\", b = 2 }", WEIR_MAP),
    key("old", WEIR_INT, offsetof(Conf, old), nullptr, WEIR_LIST | WEIR_DEPRECATED),
    with_sub(key("inner", WEIR_TABLE, offsetof(Conf, inner), nullptr), inner_schema),
};
constexpr weir_schema schema = WEIR_SCHEMA(keys, Conf);

struct FieldEntry {
  weir_str key;
  uint64_t id;
  const weir_template* value;
};
struct SizeEntry {
  weir_str key;
  uint64_t id;
  uint64_t value;
};

std::string_view view(weir_str text) { return {text.p, text.n}; }

template <class T>
const T& item(const weir_list& list, size_t index) {
  return static_cast<const T*>(list.items)[index];
}

struct Fixture {
  const Conf* read(std::string text, std::string over = {}) {
    const Node* overlay = nullptr;
    documents.push_back(load_text("weir.toml", std::move(text), report));
    input.table = &documents.back()->root();
    if (!over.empty()) {
      documents.push_back(load_text("route.toml", std::move(over), report));
      overlay = &documents.back()->root();
    }
    input.overlay = overlay;
    input.title = "[filter.x]";
    return static_cast<const Conf*>(fill(schema, input, storage, report, intern));
  }

  std::string messages() const {
    std::string out;
    for (const Finding& each : report.findings()) out += each.message + "\n";
    return out;
  }

  std::deque<std::optional<Document>> documents;
  Input input;
  Storage storage;
  Report report;
  std::map<std::string, uint32_t, std::less<>> ids;
  Intern intern = [this](std::string_view name) {
    return ids.emplace(name, WEIR_INTERNED + static_cast<uint32_t>(ids.size())).first->second;
  };
};

BOOST_FIXTURE_TEST_SUITE(schemas, Fixture)

BOOST_AUTO_TEST_CASE(the_example_has_no_flaws) {
  for (const std::string& flaw : flaws(schema)) BOOST_ERROR(flaw);
}

BOOST_AUTO_TEST_CASE(presets_fill_what_is_not_written) {
  const Conf* conf = read("");
  BOOST_TEST_REQUIRE(conf != nullptr, messages());
  BOOST_TEST(conf->flag == 1u);
  BOOST_TEST(conf->choice == 1u);
  BOOST_TEST(conf->integer == -4);
  BOOST_TEST(conf->real == 0.5);
  BOOST_TEST(view(conf->text) == "bare");
  BOOST_TEST(conf->secret.p == nullptr);
  BOOST_TEST(conf->duration == 3'600'000'000'000);
  BOOST_TEST(conf->bytes == 65536u);
  BOOST_TEST(conf->percent == 0.2);
  BOOST_TEST(conf->rate == 50.0);
  BOOST_TEST(conf->pattern->written == "{client.address}");
  BOOST_TEST(conf->range.bits == 104u);
  BOOST_TEST(conf->names.n == 2u);
  BOOST_TEST(view(item<weir_str>(conf->names, 1)) == "b");
  BOOST_TEST(conf->ranges.n == 1u);
  BOOST_TEST(conf->users.n == 0u);
  BOOST_TEST(conf->sizes.n == 2u);
  BOOST_TEST(item<SizeEntry>(conf->sizes, 0).value == 1024u);
  BOOST_TEST(conf->inner.number == 7);
  BOOST_TEST(conf->inner.list.n == 2u);
}

BOOST_AUTO_TEST_CASE(what_is_written_fills_the_members) {
  const Conf* conf = read(
      "flag = false\nchoice = \"red\"\ninteger = 9\nreal = 2\nbytes = 17\nnames = \"one\"\n"
      "ranges = [\"10.0.0.0/8\", \"::/0\"]\nusers = [{ name = \"u\" }, { name = \"v\", tries = 5 "
      "}]\n"
      "fields = { X-B = \"{request.path}\", Host = \"h\" }\nsizes = {}\ninner.list = []\npath = "
      "\"a/b\"\n");
  BOOST_TEST_REQUIRE(conf != nullptr, messages());
  BOOST_TEST(conf->flag == 0u);
  BOOST_TEST(conf->choice == 0u);
  BOOST_TEST(conf->real == 2.0);
  BOOST_TEST(conf->bytes == 17u);
  BOOST_TEST(conf->names.n == 1u);
  BOOST_TEST(item<weir_cidr>(conf->ranges, 1).bits == 0u);
  BOOST_TEST(item<User>(conf->users, 0).tries == 3);
  BOOST_TEST(view(item<User>(conf->users, 1).name) == "v");
  BOOST_TEST(view(item<FieldEntry>(conf->fields, 0).key) == "X-B");
  BOOST_TEST(item<FieldEntry>(conf->fields, 0).id == ids.at("x-b"));
  BOOST_TEST(item<FieldEntry>(conf->fields, 1).value->text() == "h");
  BOOST_TEST(conf->sizes.n == 0u);
  BOOST_TEST(conf->inner.number == 7);
  BOOST_TEST(conf->inner.list.n == 0u);
  BOOST_TEST(view(conf->path) == std::filesystem::current_path().string() + "/a/b");
}

BOOST_AUTO_TEST_CASE(every_wrong_value_is_reported_with_a_right_one) {
  BOOST_TEST(read("flag = 1\nduration = 30\nbytes = -1\npercent = \"200%\"\nrate = \"5\"\nchoice = "
                  "\"blue\"\n"
                  "names = [1]\nusers = { name = 1 }\ninner = 5\npattern = \"{client.adress}\"\n"
                  "integer = 1.5\nreal = nan\n") == nullptr);
  BOOST_TEST(messages() ==
             "flag: expected true or false, found 1\n"
             "choice: expected one of \"red\", \"green\", found \"blue\"\n"
             "integer: expected a whole number such as 10, found 1.5\n"
             "real: expected a number such as 0.5, found nan\n"
             "duration: expected a duration such as \"30s\", found 30\n"
             "bytes: expected a size such as \"64KiB\", found -1\n"
             "percent: expected a share such as \"20%\", found \"200%\"\n"
             "rate: expected a rate such as \"50/s\", found \"5\"\n"
             "pattern: unknown name 'client.adress' in a template\n"
             "names[0]: expected a text in quotes, found 1\n"
             "users.name: expected a text in quotes, found 1\n"
             "inner: expected a table such as { name = value }, found 5\n");
}

BOOST_AUTO_TEST_CASE(unknown_missing_and_old_keys_are_named) {
  BOOST_TEST(read("txt = 1\nusers = [{ tries = 20 }]\ninner.nmber = 1\n") == nullptr);
  BOOST_TEST(messages() ==
             "unknown key 'txt' in [filter.x]\n"
             "[filter.x] needs 'users[0].name'\n"
             "users[0].tries: expected at most 10, found 20\n"
             "unknown key 'nmber' in 'inner' of [filter.x]\n");
  BOOST_TEST(report.findings()[0].at.remark == "did you mean 'text'?");
  BOOST_TEST(read("old = 1\n") != nullptr);
  BOOST_TEST(report.warnings() == 1u);
}

BOOST_AUTO_TEST_CASE(field_names_are_checked_and_unique) {
  BOOST_TEST(read("fields = { \"a b\" = \"1\", X-A = \"1\", x-a = \"2\" }\n") == nullptr);
  BOOST_TEST(messages() ==
             "fields: 'a b' is no field name\nfields: the field 'x-a' is named twice\n");
}

BOOST_AUTO_TEST_CASE(a_route_changes_what_it_may_and_nothing_else) {
  const Conf* conf =
      read("integer = 1\nreal = 3.0\ninner.list = [5]\n", "integer = 2\ninner.number = 8\n");
  BOOST_TEST_REQUIRE(conf != nullptr, messages());
  BOOST_TEST(conf->integer == 2);
  BOOST_TEST(conf->real == 3.0);
  BOOST_TEST(conf->inner.number == 8);
  BOOST_TEST(item<int64_t>(conf->inner.list, 0) == 5);
  BOOST_TEST(read("", "real = 1.0\ninner.list = []\n") == nullptr);
  BOOST_TEST(messages() ==
             "'real' of [filter.x] is the same for all routes\n"
             "'inner.list' of [filter.x] is the same for all routes\n");
}

BOOST_AUTO_TEST_CASE(kernel_keys_stand_beside_but_not_in_a_route) {
  static constexpr weir_key kernel_keys[] = {key("use", WEIR_TEXT, 0, nullptr)};
  static constexpr weir_schema kernel = WEIR_SCHEMA(kernel_keys, weir_str);
  input.besides = &kernel;
  BOOST_TEST(read("use = \"x\"\n") != nullptr);
  BOOST_TEST(read("", "use = \"x\"\n") == nullptr);
  BOOST_TEST(messages() == "'use' of [filter.x] is the same for all routes\n");
}

BOOST_AUTO_TEST_CASE(texts_come_from_files_and_the_environment_too) {
  const auto name =
      std::filesystem::temp_directory_path() / ("weir_secret_" + std::to_string(getpid()));
  std::ofstream{name} << "from file\n";
  setenv("WEIR_TEST_TEXT", "from environment", 1);
  const Conf* conf =
      read("secret.file = \"" + name.string() + "\"\ntext = { env = \"WEIR_TEST_TEXT\" }\n");
  std::filesystem::remove(name);
  BOOST_TEST_REQUIRE(conf != nullptr, messages());
  BOOST_TEST(view(conf->secret) == "from file");
  BOOST_TEST(view(conf->text) == "from environment");
}

BOOST_AUTO_TEST_CASE(secrets_stay_out_of_the_file_and_absent_ones_are_the_worlds_fault) {
  BOOST_TEST(read("secret = \"x\"\n") == nullptr);
  BOOST_TEST(report.exit_status() == 1);
  report = {};
  BOOST_TEST(read("secret = { env = \"WEIR_NO_SUCH_NAME\" }\ntext = { file = \"/no/such\" }\n") ==
             nullptr);
  BOOST_TEST(report.exit_status() == 2);
  BOOST_TEST(report.errors() == 2u);
}

BOOST_AUTO_TEST_CASE(paths_of_modules_lead_back_to_the_file) {
  read("users = [{ name = \"a\" },\n { name = \"b\" }]\n[sizes]\n\"x.y\" = 1\n", "integer = 3\n");
  BOOST_TEST(place_of(input, "users[1].name").line == 2u);
  BOOST_TEST(place_of(input, "users[1].hash").line == 2u);
  BOOST_TEST(place_of(input, "users[9]").line == 1u);
  BOOST_TEST(place_of(input, "sizes.x.y").line == 4u);
  BOOST_TEST(place_of(input, "sizes[\"x.y\"]").line == 4u);
  BOOST_TEST(place_of(input, "integer").source->name() == "route.toml");
  BOOST_TEST(place_of(input, "nothing").source->name() == "weir.toml");
  BOOST_TEST(place_of(input, "").source->name() == "weir.toml");
  BOOST_TEST(place_of(input, "[[[..\"").source != nullptr);
}

BOOST_AUTO_TEST_CASE(a_wider_stride_is_honoured) {
  struct WideKey {
    weir_key key;
    uint64_t more[3];
  };
  const WideKey wide[] = {{key("a", WEIR_INT, 0, "1"), {}}, {key("b", WEIR_INT, 8, "2"), {}}};
  const weir_schema strided{sizeof(weir_schema), sizeof(WideKey), &wide[0].key, 2, 16};
  BOOST_TEST(flaws(strided).empty());
  const auto* out = static_cast<const int64_t*>(fill(strided, {}, storage, report, intern));
  BOOST_TEST(out[0] == 1);
  BOOST_TEST(out[1] == 2);
}

BOOST_AUTO_TEST_CASE(flaws_of_a_schema_are_found) {
  const auto flaw_of = [](weir_key each, size_t conf_size = 64) {
    const weir_schema one{sizeof(weir_schema), sizeof(weir_key), &each, 1, conf_size};
    const auto found = flaws(one);
    return found.empty() ? std::string{} : found.front();
  };
  BOOST_TEST(flaw_of(key("a", WEIR_INT, 0, "1")) == "");
  BOOST_TEST(flaw_of(key("a", WEIR_INT, 64, nullptr)) == "'a' lies outside its struct");
  BOOST_TEST(flaw_of(key("a", WEIR_INT, SIZE_MAX - 7, nullptr)) == "'a' lies outside its struct");
  BOOST_TEST(flaw_of(key("a", WEIR_INT, 4, nullptr)) == "'a' is not aligned in its struct");
  BOOST_TEST(flaw_of(key("A b", WEIR_INT, 0, nullptr)) == "'0' needs a name of a-z, 0-9 and _");
  BOOST_TEST(flaw_of(key(nullptr, WEIR_INT, 0, nullptr)) == "'0' needs a name of a-z, 0-9 and _");
  BOOST_TEST(flaw_of(key("a", 99, 0, nullptr)) == "'a' has an unknown type");
  BOOST_TEST(flaw_of(key("a", any_value, 0, nullptr)) == "'a' has an unknown type");
  BOOST_TEST(flaw_of(key("a", WEIR_CHOICE, 0, nullptr)) == "'a' has no choices");
  BOOST_TEST(flaw_of(key("a", WEIR_TABLE, 0, nullptr)) == "'a' is a table without a schema");
  BOOST_TEST(flaw_of(key("a", WEIR_DURATION, 0, "1")) ==
             "'a' has a default that does not parse: 1");
  BOOST_TEST(flaw_of(key("a", WEIR_TEMPLATE, 0, "{x}")) ==
             "'a' has a default that does not parse: {x}");
  BOOST_TEST(flaw_of(key("a", WEIR_TEXT, 0, "[1", WEIR_LIST)) ==
             "'a' has a default that does not parse: [1");
  BOOST_TEST(flaw_of(key("a", WEIR_SECRET, 0, "x")) == "'a' cannot have a default");
  BOOST_TEST(flaw_of(key("a", WEIR_INT, 0, "1", WEIR_REQUIRED)) ==
             "'a' is required and has a default");
  BOOST_TEST(flaw_of(key("a", WEIR_INT, 0, nullptr, WEIR_LIST | WEIR_MAP)) ==
             "'a' is a list and a map at once");
  BOOST_TEST(flaw_of(key("a", WEIR_INT, 0, nullptr, WEIR_FIELD_KEYS)) ==
             "'a' has field keys but is no map");
  BOOST_TEST(flaw_of(key("a", WEIR_INT, 0, nullptr, 4096)) == "'a' has unknown flags");
}

BOOST_AUTO_TEST_CASE(schemas_that_would_be_unsafe_to_read_are_refused_first) {
  weir_key twice[] = {key("a", WEIR_INT, 0, nullptr), key("a", WEIR_INT, 0, nullptr)};
  const weir_schema same{sizeof(weir_schema), sizeof(weir_key), twice, 2, 16};
  BOOST_TEST(flaws(same).size() == 2u);
  const weir_schema small{sizeof(weir_schema), 8, twice, 2, 16};
  BOOST_TEST(flaws(small).front() == "'schema' has a wrong key_size");
  const weir_schema none{sizeof(weir_schema), sizeof(weir_key), nullptr, 2, 16};
  BOOST_TEST(flaws(none).front() == "'schema' has no keys array");
  weir_key loop = key("a", WEIR_TABLE, 0, nullptr);
  weir_schema endless{sizeof(weir_schema), sizeof(weir_key), &loop, 1, 16};
  loop.sub = &endless;
  BOOST_TEST(flaws(endless).front().ends_with("is nested deeper than 8 levels"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
