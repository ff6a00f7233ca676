#pragma once

#include <string>

#include "base/bytes.h"

namespace chatmcp::net {

/// Whom a limit counts for: an IPv4 address, or the first 64 bits of an IPv6 address, which is what
/// one household gets. What is no address counts as one source.
struct PeerSource {
    Bytes key;
    bool is_loopback = false;
};
[[nodiscard]] PeerSource peer_source(const std::string& peer_address);

}  // namespace chatmcp::net
