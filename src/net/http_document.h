#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/client_connection.h"

namespace chatmcp::net {

struct HttpOptions {
    std::chrono::milliseconds timeout{30'000};  // From looking the name up to the last byte.
    std::size_t body_max_bytes = std::size_t{2} << 20;
};

struct HttpDocument {
    Metadata headers;
    Bytes body;
};

/// One document by GET, over a connection of its own. Blocks; follows no redirect.
///
/// `tls`: of an `https` URL, make_client_tls().
/// Errors: those of ClientConnection (NET-44, NET-62..66); not_found (NET-74) an answer other than
///         200; too_large (NET-75) a longer one than allowed.
[[nodiscard]] Result<HttpDocument> http_get(const ServerUrl& server,
                                            const std::string& path,
                                            const TlsContext& tls,
                                            const HttpOptions& options = {});

/// What the server answers to a JSON document that is posted. The rest as http_get.
[[nodiscard]] Result<HttpDocument> http_post_json(const ServerUrl& server,
                                                  const std::string& path,
                                                  std::string_view json,
                                                  const TlsContext& tls,
                                                  const HttpOptions& options = {});

}  // namespace chatmcp::net
