#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "identity/caip10.h"

namespace chatmcp::identity {

/// The fields of a Sign-In-With-Solana text, in its order.
///
/// Spec: github.com/phantom/sign-in-with-solana, "Message format".
struct SiwsFields {
    std::string domain;
    std::string address;
    std::string statement;
    std::string uri;
    std::string version;
    std::string chain_id;
    std::string nonce;
    std::string issued_at;
    std::string expiration_time;
    std::string not_before;
    std::string request_id;
    std::vector<std::string> resources;  // Without any: no "Resources:" line.
};

/// The text that a wallet shows and signs. An empty field leaves its line out.
///
/// Trust: only ever built from values of our own and compared as bytes: a text whose fields stand
/// in
///        another order would still parse, with the fields inside its statement.
[[nodiscard]] std::string siws_text(const SiwsFields& fields);

/// Longest domain, port included.
inline constexpr std::size_t kDomainMaxBytes = 253;
/// A lower-case host name or IPv4 address, with a port if it has one. It opens the signed text, so
/// nothing may be in it that could end its line or look like another field.
///
/// Errors: malformed (ID-05).
[[nodiscard]] Result<void> check_domain(std::string_view domain);

/// "https://" and the domain; plain http for a machine's own name and address.
[[nodiscard]] std::string uri_of_domain(std::string_view domain);
/// What wallets call the account's cluster: "mainnet", "devnet" or "testnet", else its CAIP-2 name.
/// Different clusters have different names.
[[nodiscard]] std::string chain_id_of(const Caip10& account);

}  // namespace chatmcp::identity
