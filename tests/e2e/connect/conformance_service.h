#pragma once

#include "net/connect_server.h"

namespace chatmcp::testing {

/// Register connectrpc.conformance.v1.ConformanceService: it answers what the request asks for and
/// says what it saw of the request. Client and half-duplex streams are not registered.
void add_conformance_service(net::Routes& routes, std::size_t request_max_bytes);

}  // namespace chatmcp::testing
