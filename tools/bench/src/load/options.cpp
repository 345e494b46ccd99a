// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <string_view>

namespace bench {

namespace {

constexpr const char* browser =
    "\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    "\r\nAccept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    "\r\nAccept-Language: en-US,en;q=0.5\r\n";

[[noreturn]] void refuse(const std::string& text) {
  std::fprintf(stderr, "load: %s\n", text.c_str());
  std::exit(2);
}

Mode mode_of(const std::string& name) {
  static const std::map<std::string, Mode> modes = {{"http", Mode::http},
                                                    {"handshake", Mode::handshake},
                                                    {"websocket", Mode::websocket},
                                                    {"idle", Mode::idle}};
  const auto found = modes.find(name);
  if (found == modes.end()) refuse("unknown mode " + name);
  return found->second;
}

size_t whole(const std::string& text) { return std::strtoul(text.c_str(), nullptr, 10); }

using Setter = std::function<void(Options&, const std::string&)>;

const std::map<std::string, Setter>& settings() {
  using Text = const std::string&;
  static const std::map<std::string, Setter> all = {
      {"--mode", [](Options& to, Text text) { to.mode = mode_of(text); }},
      {"--port", [](Options& to, Text text) { to.port = static_cast<uint16_t>(whole(text)); }},
      {"--connections", [](Options& to, Text text) { to.connections = whole(text); }},
      {"--sources",
       [](Options& to, Text text) { to.sources = static_cast<unsigned>(whole(text)); }},
      {"--warm", [](Options& to, Text text) { to.warm = std::atof(text.c_str()); }},
      {"--time", [](Options& to, Text text) { to.time = std::atof(text.c_str()); }},
      {"--rate", [](Options& to, Text text) { to.rate = std::atof(text.c_str()); }},
      {"--proxy", [](Options& to, Text text) { to.proxy = text; }},
      {"--origin", [](Options& to, Text text) { to.origin = std::atoi(text.c_str()); }},
      {"--path", [](Options& to, Text text) { to.path = text; }},
      {"--hosts", [](Options& to, Text text) { to.hosts = text; }},
      {"--header", [](Options& to, Text text) { to.headers.push_back(text); }},
      {"--post", [](Options& to, Text text) { to.post = whole(text); }},
      {"--size", [](Options& to, Text text) { to.size = whole(text); }},
  };
  return all;
}

const std::map<std::string, bool Options::*>& switches() {
  static const std::map<std::string, bool Options::*> all = {
      {"--close", &Options::close}, {"--tls", &Options::tls}, {"--resume", &Options::resume}};
  return all;
}

std::vector<std::string> lines_of(const std::string& name) {
  std::vector<std::string> lines;
  std::ifstream file(name);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  if (lines.empty()) refuse("nothing in " + name);
  return lines;
}

}  // namespace

Options parse_options(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string name = arguments[i];
    if (const auto flag = switches().find(name); flag != switches().end()) {
      options.*flag->second = true;
      continue;
    }
    const auto setting = settings().find(name);
    if (setting == settings().end()) refuse("unknown option " + name);
    if (++i == count) refuse(name + " needs a value");
    setting->second(options, arguments[i]);
  }
  if (options.mode == Mode::handshake) options.tls = true;
  if (options.port == 0) refuse("--port is missing");
  return options;
}

std::vector<std::string> request_heads(const Options& options) {
  const auto hosts =
      options.hosts.empty() ? std::vector<std::string>{"bench.test"} : lines_of(options.hosts);
  std::string rest = browser;
  for (const auto& header : options.headers) rest += header + "\r\n";
  if (options.post > 0) {
    rest += "Content-Type: application/octet-stream\r\nContent-Length: ";
    rest += std::to_string(options.post) + "\r\n";
  }
  rest += options.close ? "Connection: close\r\n\r\n" : "Connection: keep-alive\r\n\r\n";
  const std::string method = options.post > 0 ? "POST " : "GET ";
  std::vector<std::string> heads;
  for (const auto& host : hosts) {
    heads.push_back(method + options.path + " HTTP/1.1\r\nHost: " + host + rest);
  }
  return heads;
}

}  // namespace bench
