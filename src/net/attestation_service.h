#pragma once

#include "net/connect_server.h"
#include "net/worker_pool.h"

namespace chatmcp::net {

inline constexpr std::size_t kVerifyRequestMaxBytes = std::size_t{512} * 1024;

/// Register `chatmcp.v1.AttestationService`, which keeps nothing: evidence in, report out.
/// `pool` outlives the routes.
///
/// Errors (of calls): those of bundle_of_files, parse_policy and kind_named; invalid_argument
///         (NET-73) a file twice.
void add_attestation_service(Routes& routes, WorkerPool& pool);

}  // namespace chatmcp::net
