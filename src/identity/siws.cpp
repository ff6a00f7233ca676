#include "identity/siws.h"

#include <algorithm>

#include "base/encoding.h"

namespace chatmcp::identity {
namespace {

bool is_domain_character(char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') ||
           character == '-' || character == '.';
}

bool is_host(std::string_view host) {
    return !host.empty() && host.front() != '.' && host.front() != '-' && host.back() != '.' &&
           host.find("..") == host.npos &&
           std::all_of(host.begin(), host.end(), is_domain_character);
}

bool is_port(std::string_view port) {
    const auto number = from_decimal(port);
    return number.has_value() && *number > 0 && *number <= 65535;
}

void append_field(std::string& to, std::string_view name, std::string_view value) {
    if (!value.empty()) {
        to.append("\n").append(name).append(": ").append(value);
    }
}

}  // namespace

std::string siws_text(const SiwsFields& fields) {
    std::string lines;
    append_field(lines, "URI", fields.uri);
    append_field(lines, "Version", fields.version);
    append_field(lines, "Chain ID", fields.chain_id);
    append_field(lines, "Nonce", fields.nonce);
    append_field(lines, "Issued At", fields.issued_at);
    append_field(lines, "Expiration Time", fields.expiration_time);
    append_field(lines, "Not Before", fields.not_before);
    append_field(lines, "Request ID", fields.request_id);
    if (!fields.resources.empty()) {
        lines.append("\nResources:");
    }
    for (const std::string& resource : fields.resources) {
        lines.append("\n- ").append(resource);
    }

    std::string out = fields.domain;
    out.append(" wants you to sign in with your Solana account:\n").append(fields.address);
    if (!fields.statement.empty()) {
        out.append("\n\n").append(fields.statement);
    }
    if (!lines.empty()) {
        out.append("\n").append(lines);
    }
    return out;
}

Result<void> check_domain(std::string_view domain) {
    const std::size_t colon = domain.find(':');
    const bool has_port = colon != domain.npos;
    if (domain.size() > kDomainMaxBytes || !is_host(domain.substr(0, colon)) ||
        (has_port && !is_port(domain.substr(colon + 1)))) {
        return fail(Errc::malformed, "ID-05");
    }
    return {};
}

std::string uri_of_domain(std::string_view domain) {
    const std::string_view host = domain.substr(0, domain.find(':'));
    const bool own_machine = host == "localhost" || host == "127.0.0.1";
    return std::string(own_machine ? "http://" : "https://").append(domain);
}

std::string chain_id_of(const Caip10& account) {
    const std::string_view reference = account.reference();
    if (reference == kSolanaMainnet) {
        return "mainnet";
    }
    if (reference == kSolanaDevnet) {
        return "devnet";
    }
    if (reference == kSolanaTestnet) {
        return "testnet";
    }
    return std::string("solana:").append(reference);
}

}  // namespace chatmcp::identity
