// SPDX-License-Identifier: Apache-2.0
//
// What a command needs to make a generation of a file: the names and module images of this process,
// which outlive everything made with them. From here on a crash is reported.
//
// Thread: main.
#pragma once

#include "conf/file.hpp"
#include "crash/thread.hpp"
#include "http/names.hpp"
#include "module/registry.hpp"
#include "serve/generation.hpp"

#include <memory>
#include <string>

namespace weir {

class Process {
 public:
  Process();

  Names& names() { return names_; }
  Images& images() { return images_; }

  // nullptr: nothing could be made of it. With errors in the report it must not serve.
  // `previous` as in Generation::build.
  std::shared_ptr<Generation> read_file(const std::string& path, conf::Report& report,
                                        const Generation* previous = nullptr);
  std::shared_ptr<Generation> read(conf::Document document, conf::Report& report,
                                   const Generation* previous = nullptr);
  std::shared_ptr<Generation> read_text(const std::string& name, std::string text,
                                        conf::Report& report, const Generation* previous = nullptr);

 private:
  ReportedThread thread_{"control"};
  Names names_;
  Images images_;
};

}  // namespace weir
