#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace chatmcp::node {

inline constexpr std::uint16_t kDefaultPort = 7400;
inline constexpr std::uint32_t kRetentionDaysMax = 3650;

/// What the command line asks for.
struct NodeOptions {
    std::string data_folder;
    std::string address = "127.0.0.1";
    std::uint16_t port = kDefaultPort;  // 0: the system chooses.
    std::string tls_certificate_file;   // Both or neither.
    std::string tls_key_file;
    std::uint32_t retention_days = 30;
    std::vector<std::string> chain_endpoints;  // None: no chain, and every welcome is taken.
    std::string chain_program;
    std::string chain_ca_file;
    bool json = false;
};

/// What the program does next: run, or print something and end.
struct CommandLine {
    NodeOptions options;
    bool run = false;
    int exit_code = 0;
    std::string output;  // To standard output if exit_code is 0, else to standard error.
};

/// Reads `chatmcp-node`'s arguments, the program's name left out. Asks nothing of the system.
[[nodiscard]] CommandLine parse_command_line(std::vector<std::string> arguments);

struct ListenAddress {
    std::string address;
    std::uint16_t port = 0;
};
/// "127.0.0.1:7400", "[::1]:7400", ":7400" on loopback, "7400", or an address alone.
/// Errors: invalid_argument (NODE-01).
[[nodiscard]] Result<ListenAddress> parse_listen(std::string_view text);

}  // namespace chatmcp::node
