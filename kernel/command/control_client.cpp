// SPDX-License-Identifier: Apache-2.0
#include "command/control_client.hpp"

#include "base/arena.hpp"
#include "command/arguments.hpp"
#include "command/command.hpp"
#include "conf/file.hpp"
#include "conf/model.hpp"
#include "conf/report.hpp"
#include "http/h1_reader.hpp"
#include "http/head.hpp"
#include "http/names.hpp"

#include <array>
#include <cstddef>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/Timespan.h>

namespace weir {
namespace {

constexpr long patience = 600;  // s

// Where the socket is; an empty path: nowhere, and `why` says so.
std::string control_path(const Arguments& arguments, std::string& why) {
  if (arguments.has("control")) return arguments.value("control");
  const std::string file = arguments.value("config", default_file);
  conf::Report report;
  const auto document = conf::load_file(file, report);
  const auto model = document ? conf::read_model(*document, report) : std::nullopt;
  if (!model) {
    why = file + " cannot be read; name the socket with --control, or the file with -c\n";
    return {};
  }
  if (model->server.control.empty()) {
    why = file +
          " names no control socket: add control = \"/run/weir/control.sock\" to [server] and "
          "restart weir, or send it a signal (kill -HUP)\n";
  }
  return model->server.control;
}

// The other end closes behind its reply.
std::string receive_all(Poco::Net::StreamSocket& connection) {
  std::string all;
  std::array<char, 16384> part;  // NOLINT(cppcoreguidelines-pro-type-member-init) filled below
  while (const int got = connection.receiveBytes(part.data(), part.size())) {
    all.append(part.data(), static_cast<size_t>(got));
  }
  return all;
}

void read_answer(const std::string& received, ControlAnswer& answer) {
  const size_t end = received.find("\r\n\r\n");
  std::array<std::byte, 4096> room;  // NOLINT(cppcoreguidelines-pro-type-member-init) an arena's
  Arena arena(room, size_t{1} << 16);
  ResponseHead head;
  const Names names;
  const auto refusal =
      read_response(std::string_view(received).substr(0, end + 4), {}, arena, names, head);
  if (end == std::string::npos || refusal) {
    answer.text = "the answer is no response\n";
    return;
  }
  answer.status = head.status;
  answer.body = received.substr(end + 4);
  try {
    const auto object = Poco::JSON::Parser().parse(answer.body).extract<Poco::JSON::Object::Ptr>();
    for (const char* const key : {"text", "error"}) {
      if (object->has(key)) answer.text = object->getValue<std::string>(key);
    }
  } catch (const Poco::Exception&) {
    answer.text = "the answer is no JSON\n";
  }
}

}  // namespace

ControlAnswer ask_control(const Arguments& arguments, const std::string& method,
                          const std::string& path) {
  ControlAnswer answer;
  const std::string socket = control_path(arguments, answer.text);
  if (socket.empty()) return answer;
  try {
    using Poco::Net::SocketAddress;
    Poco::Net::StreamSocket connection(SocketAddress(SocketAddress::UNIX_LOCAL, socket));
    connection.setReceiveTimeout(Poco::Timespan(patience, 0));
    const std::string request = method + " " + path + " HTTP/1.1\r\nHost: weir\r\n\r\n";
    connection.sendBytes(request.data(), static_cast<int>(request.size()));
    read_answer(receive_all(connection), answer);
  } catch (const Poco::Exception& failure) {
    answer.text = "nobody answers on " + socket + ": " + failure.displayText() +
                  "\nis weir running, and may you open that file?\n";
  }
  return answer;
}

int finish_order(const ControlAnswer& answer, const std::string& success) {
  const bool good = answer.status == 200;
  std::ostream& out = good ? std::cout : std::cerr;
  out << answer.text;
  if (!answer.text.empty() && answer.text.back() != '\n') out << '\n';
  if (good && !success.empty()) out << success << '\n';
  if (answer.status == 0) return wrong_world;
  return good ? all_good : wrong_input;
}

}  // namespace weir
