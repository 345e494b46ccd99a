// SPDX-License-Identifier: Apache-2.0
#include "command/control_client.hpp"

#include "command/arguments.hpp"
#include "command/command.hpp"
#include "conf/file.hpp"
#include "conf/model.hpp"
#include "conf/report.hpp"

#include <iostream>
#include <optional>
#include <string>

#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/StreamCopier.h>
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

void read_answer(ControlAnswer& answer) {
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
    Poco::Net::HTTPClientSession session(
        Poco::Net::StreamSocket(SocketAddress(SocketAddress::UNIX_LOCAL, socket)));
    session.setTimeout(Poco::Timespan(patience, 0));
    Poco::Net::HTTPRequest request(method, path, Poco::Net::HTTPMessage::HTTP_1_1);
    request.setHost("weir");
    session.sendRequest(request);
    Poco::Net::HTTPResponse response;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), answer.body);
    answer.status = response.getStatus();
    read_answer(answer);
  } catch (const Poco::Exception& failure) {
    answer.status = 0;
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
