// SPDX-License-Identifier: Apache-2.0
//
// What the control socket offers: which request is which question or order to the processes.
//
// Version 1, under /v1/; members of replies are only ever added.
//
// | request | does |
// |---|---|
// | GET /v1/health | 200 while the control thread is alive |
// | GET /v1/ready | 200 while every process takes new connections, else 503 |
// | GET /v1/status, /v1/modules, /v1/connections | { "version", "processes": [...] } |
// | GET /v1/plan | what a reload would change; 409 with the report when the file is wrong |
// | POST /v1/reload | 200, or 409 with the report: nothing has changed then |
// | POST /v1/drain | ends all processes as SIGTERM does |
// | POST /v1/upgrade | a new executable takes over |
// | POST /v1/log?level=LEVEL | trace, debug, info, notice, warning or error, until the next reload
// |
//
// Thread: control.
#pragma once

#include "serve/control_socket.hpp"
#include "supervise/superior.hpp"

namespace weir {

void serve_control(Superior& superior, const ControlRequest& request,
                   const ControlSocket::Respond& respond);

}  // namespace weir
