// SPDX-License-Identifier: Apache-2.0
#include "conf/template.hpp"

#include <map>
#include <string>

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir::conf;

struct Interner {
  std::map<std::string, uint32_t, std::less<>> ids;
  Intern intern = [this](std::string_view name) {
    return ids.emplace(name, WEIR_INTERNED + static_cast<uint32_t>(ids.size())).first->second;
  };
};

struct Fixture : Interner {
  weir_template good(std::string_view text) {
    auto compiled = compile_template(text, intern);
    BOOST_TEST_REQUIRE(compiled.has_value());
    return std::move(*compiled);
  }
  TemplateFlaw bad(std::string_view text) {
    auto compiled = compile_template(text, intern);
    BOOST_TEST_REQUIRE(!compiled.has_value());
    return compiled.error();
  }
};

BOOST_FIXTURE_TEST_SUITE(templates, Fixture)

BOOST_AUTO_TEST_CASE(names_become_typed_pieces) {
  const weir_template made =
      good("a {client.address}-{request.header.X-Env}{query.q}{cookie.s}{path.id}");
  BOOST_TEST_REQUIRE(made.pieces.size() == 7u);
  BOOST_TEST(made.pieces[0].text == "a ");
  BOOST_TEST((made.pieces[1].kind == Piece::Kind::attribute));
  BOOST_TEST(made.pieces[1].id == static_cast<uint32_t>(WEIR_A_CLIENT_ADDRESS));
  BOOST_TEST((made.pieces[3].kind == Piece::Kind::request_field));
  BOOST_TEST(made.pieces[3].text == "x-env");
  BOOST_TEST(made.pieces[3].id == ids.at("x-env"));
  BOOST_TEST((made.pieces[4].kind == Piece::Kind::query));
  BOOST_TEST((made.pieces[5].kind == Piece::Kind::cookie));
  BOOST_TEST((made.pieces[6].kind == Piece::Kind::parameter));
  BOOST_TEST(!made.literal());
}

BOOST_AUTO_TEST_CASE(attributes_of_modules_are_interned) {
  const weir_template made = good("{attr.user}");
  BOOST_TEST((made.pieces[0].kind == Piece::Kind::attribute));
  BOOST_TEST(made.pieces[0].id == ids.at("user"));
}

BOOST_AUTO_TEST_CASE(every_kernel_attribute_has_its_id) {
#define WEIR_CHECK(id, text) BOOST_TEST(attribute_id(text) == static_cast<uint32_t>(WEIR_A_##id));
  WEIR_ATTRIBUTE_NAMES(WEIR_CHECK)
#undef WEIR_CHECK
  BOOST_TEST(attribute_id("no.such") == 0u);
}

BOOST_AUTO_TEST_CASE(doubled_braces_are_braces) {
  const weir_template made = good("{{{client.address}}} }}{{");
  BOOST_TEST_REQUIRE(made.pieces.size() == 3u);
  BOOST_TEST(made.pieces[0].text == "{");
  BOOST_TEST(made.pieces[2].text == "} }{");
}

BOOST_AUTO_TEST_CASE(a_text_without_names_is_literal) {
  BOOST_TEST(good("plain {{text}}").literal());
  BOOST_TEST(good("plain {{text}}").text() == "plain {text}");
  BOOST_TEST(good("").literal());
  BOOST_TEST(good("").text() == "");
}

BOOST_AUTO_TEST_CASE(a_bar_gives_the_text_for_an_absent_value) {
  BOOST_TEST(good("{request.header.referer|-}").pieces[0].fallback == "-");
  BOOST_TEST(good("{request.id|a|b}").pieces[0].fallback == "a|b");
  BOOST_TEST(good("{request.id|}").pieces[0].fallback == "");
}

BOOST_AUTO_TEST_CASE(flaws_lie_where_they_were_written) {
  const TemplateFlaw unknown = bad("ab {client.adress}");
  BOOST_TEST(unknown.at == 4u);
  BOOST_TEST(unknown.length == 13u);
  BOOST_TEST(unknown.hint == "did you mean 'client.address'?");
  BOOST_TEST(bad("a{b").message == "'{' is not closed");
  BOOST_TEST(bad("a{b{client.port}").at == 1u);
  BOOST_TEST(bad("a}").message == "'}' closes nothing");
  BOOST_TEST(bad("{}").message == "a placeholder without a name");
  BOOST_TEST(bad("{request.header.}").message == "unknown name 'request.header.' in a template");
  BOOST_TEST(bad("{request.header.a b}").at == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
