#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace boost::asio::ssl {
class context;
}
struct ssl_st;

namespace chatmcp::net {

/// TLS 1.3 by AWS-LC and nothing older, with the hybrid X25519MLKEM768 first: what is recorded
/// today stays closed to a quantum computer of tomorrow.

/// Largest file of certificates or key that is read.
inline constexpr std::size_t kPemMaxBytes = std::size_t{1} << 20;
/// Size of a channel binding, and the label of RFC 8446 section 7.5 under which it is exported.
inline constexpr std::size_t kChannelBytes = 32;
inline constexpr std::string_view kChannelLabel = "EXPORTER-chatmcp login";

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

/// The server's side: certificate chain and private key, both PEM.
///
/// Errors: malformed (NET-20): no certificate, no key, or a key of another certificate.
[[nodiscard]] Result<TlsContext> make_server_tls(std::string_view chain_pem,
                                                 std::string_view key_pem);

/// The client's side: `ca_pem` are the only roots trusted; empty means the system's.
///
/// Errors: malformed (NET-21): no certificate in `ca_pem`, or no roots on this system.
[[nodiscard]] Result<TlsContext> make_client_tls(std::string_view ca_pem);

/// The same with the roots of a file; of the system where there is no name.
///
/// Errors: those of make_client_tls; io (NET-72) the file cannot be read, or is empty or too large.
[[nodiscard]] Result<TlsContext> make_client_tls_of(const std::string& ca_file);

/// Before the handshake of a client: the name (or address) that the certificate must be for.
///
/// Errors: invalid_argument (NET-22): a name that cannot be checked.
[[nodiscard]] Result<void> expect_peer_name(ssl_st* connection, const std::string& host);

/// Secret of exactly this connection, the same on both ends: a login signed over it cannot be
/// carried to another connection.
///
/// Errors: internal (NET-23): the handshake has not finished.
[[nodiscard]] Result<ByteArray<kChannelBytes>> export_channel(ssl_st* connection);

}  // namespace chatmcp::net
