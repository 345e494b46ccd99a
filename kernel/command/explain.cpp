// SPDX-License-Identifier: Apache-2.0
//
// weir explain: what would become of a request, and why. Nothing is sent.
#include "command/arguments.hpp"
#include "command/command.hpp"
#include "command/explanation.hpp"
#include "command/process.hpp"
#include "command/question.hpp"
#include "command/terminal.hpp"
#include "conf/model.hpp"
#include "conf/report.hpp"
#include "conf/units.hpp"
#include "serve/dry_run.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <iostream>
#include <string>
#include <vector>

namespace weir {
namespace {

constexpr Option options[] = {
    {"config", 'c', "FILE"},
    {"header", 'H', "'NAME: VALUE'", true},
    {"from", 'f', "ADDRESS"},
    {"listener", 'l', "NAME"},
    {"all", 'a'},
    {"json"},
};

constexpr const char* manual = R"(weir explain: what becomes of a request, and why

usage: weir explain [METHOD] URL [options]

  -c, --config FILE           the configuration; default /etc/weir/weir.toml
  -H, --header 'Name: value'  a field of the request; may be repeated
  -f, --from ADDRESS          the client's address; default 127.0.0.1
  -l, --listener NAME         where it comes in; default: the listener on the URL's port, else the
                              first of the file
  -a, --all                   all routes, however many they are
      --json                  the same as one JSON object

The real reader, filters, routes and handlers run, and stop where an endpoint would be asked.
Nothing is sent to anyone. METHOD is GET when it is left out; a URL may be a path alone.

examples:
  weir explain /api/users -c weir.toml
  weir explain POST https://example.com/login -H 'Cookie: s=1' --from 203.0.113.9
)";

// Expects a word that is not a URL.
std::string method_of(const std::string& word) {
  std::string upper = word;
  std::ranges::transform(upper, upper.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const bool letters = std::ranges::all_of(
      word, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
  if (!letters || word.empty()) {
    throw WrongUse("expected a method such as GET, found '" + conf::readable(word) + "'");
  }
  if (upper != word) {
    throw WrongUse("methods are written in capitals: " + upper + ", not " + word);
  }
  return word;
}

Question question_of(const Arguments& arguments) {
  arguments.expect_words(1, 2, "a method and a URL such as GET http://example.com/path");
  const auto& words = arguments.words();
  Question question;
  question.method = words.size() == 2 ? method_of(words[0]) : "GET";
  const auto url = parse_url(words.back());
  if (!url) throw WrongUse(url.error().text);
  question.url = *url;
  for (const std::string& text : arguments.values("header")) {
    const auto header = parse_header(text);
    if (!header) throw WrongUse("--header: " + header.error().text);
    question.headers.push_back(*header);
  }
  if (!arguments.has("from")) return question;
  question.from = conf::parse_ip(arguments.value("from"));
  if (question.from) return question;
  throw WrongUse("--from: expected an address such as 203.0.113.9, found '" +
                 conf::readable(arguments.value("from")) + "'");
}

size_t listener_of(const conf::Model& model, const Question& question, const std::string& name) {
  const auto found = find_listener(model, question.url, name);
  if (found) return *found;
  std::vector<std::string> known;
  known.reserve(model.listeners.size());
  for (const conf::Listener& listener : model.listeners) known.push_back(listener.name);
  throw WrongUse("unknown listener '" + conf::readable(name) + "'; " +
                 conf::suggestion(name, known));
}

int run(const Arguments& arguments) {
  Question question = question_of(arguments);
  const std::string file = arguments.value("config", default_file);
  Process process;
  conf::Report report;
  const auto generation = process.read_file(file, report);
  print(report);
  if (generation == nullptr || report.errors() > 0) return report.exit_status();
  question.listener = listener_of(generation->model(), question, arguments.value("listener"));
  DryRun dry(generation, process.names());
  const DryRequest request = dry_request(question);
  const DryResult result = dry.run(request);
  const Explained explained{*generation, question, request, result};
  if (arguments.has("json")) {
    std::cout << explanation_json(explained);
  } else {
    print_explanation(std::cout, explained, arguments.has("all"));
  }
  return all_good;
}

}  // namespace

const Command explain_command{
    "explain", "what becomes of a request, and why; nothing is sent", manual, options, run, {}};

}  // namespace weir
