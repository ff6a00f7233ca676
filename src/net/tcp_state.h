#pragma once

namespace chatmcp::net {

/// Does the kernel still hold this TCP connection to be open in both directions? Only the kernel
/// knows whether a peer has hung up while nothing is read or written.
[[nodiscard]] bool is_established(int socket_handle);

}  // namespace chatmcp::net
