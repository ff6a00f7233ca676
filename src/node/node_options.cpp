#include "node/node_options.h"

#include <algorithm>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/encoding.h"

namespace chatmcp::node {
namespace {

constexpr int kUsageExitCode = 2;
constexpr const char* kAbout =
    "ChatMCP's relay: keeps sealed envelopes in order and hands them out. It can open none of "
    "them.\n"
    "Runs in the foreground until Ctrl-C or SIGTERM.";

Result<std::uint16_t> parse_port(std::string_view text) {
    const auto port = from_decimal(text);
    if (!port.has_value() || *port > 65535) {
        return fail(Errc::invalid_argument, "NODE-01");
    }
    return static_cast<std::uint16_t>(*port);
}

bool is_number(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

void add_options(CLI::App& app, NodeOptions& options, std::string& listen) {
    app.add_option("--data",
                   options.data_folder,
                   "Folder for everything that the node keeps; made if it is not there")
        ->required()
        ->type_name("FOLDER");
    app.add_option(
           "--listen",
           listen,
           "Address and port, as 127.0.0.1:7400 or [::1]:7400; port 0 lets the system choose")
        ->type_name("ADDRESS:PORT");
    app.add_option("--tls-cert",
                   options.tls_certificate_file,
                   "Certificate chain (PEM); needed to listen on anything but loopback")
        ->type_name("FILE");
    app.add_option("--tls-key", options.tls_key_file, "Its private key (PEM)")->type_name("FILE");
    app.add_option(
           "--retention-days", options.retention_days, "Days that messages and welcomes are kept")
        ->check(CLI::Range(std::uint32_t{1}, kRetentionDaysMax))
        ->capture_default_str();
    app.add_option("--chain-endpoint",
                   options.chain_endpoints,
                   "JSON-RPC of a Solana node, to know which stamps are locked; give several, and "
                   "only what they all say counts")
        ->type_name("URL");
    app.add_option(
           "--chain-program", options.chain_program, "Address of the ChatMCP program on that chain")
        ->type_name("ADDRESS");
    app.add_option(
           "--chain-ca", options.chain_ca_file, "Roots of those nodes (PEM); else the system's")
        ->type_name("FILE");
    app.add_flag("--json", options.json, "Write one JSON object a line, on both outputs");
    app.set_version_flag("--version", "chatmcp-node " CHATMCP_VERSION);
}

CommandLine ended(int exit_code, std::string output) {
    return {.options = {}, .run = false, .exit_code = exit_code, .output = std::move(output)};
}

}  // namespace

Result<ListenAddress> parse_listen(std::string_view text) {
    ListenAddress out{.address = "127.0.0.1", .port = kDefaultPort};
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos || end == 1) {
            return fail(Errc::invalid_argument, "NODE-01");
        }
        out.address = text.substr(1, end - 1);
        text.remove_prefix(end + 1);
        if (text.empty()) {
            return out;
        }
        if (!text.starts_with(':')) {
            return fail(Errc::invalid_argument, "NODE-01");
        }
        CHATMCP_TRY(out.port, parse_port(text.substr(1)));
        return out;
    }
    if (is_number(text)) {
        CHATMCP_TRY(out.port, parse_port(text));
        return out;
    }
    const auto colon = text.find(':');
    if (text.empty() ||
        (colon != std::string_view::npos && text.find(':', colon + 1) != text.npos)) {
        return fail(Errc::invalid_argument, "NODE-01");
    }
    if (colon != 0) {
        out.address = text.substr(0, colon);
    }
    if (colon != std::string_view::npos) {
        CHATMCP_TRY(out.port, parse_port(text.substr(colon + 1)));
    }
    return out;
}

CommandLine parse_command_line(std::vector<std::string> arguments) {
    CommandLine out;
    std::string listen;
    CLI::App app(kAbout, "chatmcp-node");
    add_options(app, out.options, listen);
    // CLI11 wants the last argument first.
    std::ranges::reverse(arguments);
    try {
        app.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
        return ended(0, app.help());
    } catch (const CLI::CallForVersion&) {
        return ended(0, app.version() + "\n");
    } catch (const CLI::ParseError& error) {
        return ended(kUsageExitCode,
                     std::string("chatmcp-node: ") + error.what() +
                         "\nchatmcp-node --help shows all options\n");
    }
    if (!listen.empty()) {
        const auto address = parse_listen(listen);
        if (!address.has_value()) {
            return ended(kUsageExitCode,
                         "chatmcp-node: --listen wants an address and a port, as 127.0.0.1:7400\n");
        }
        out.options.address = address->address;
        out.options.port = address->port;
    }
    if (out.options.tls_certificate_file.empty() != out.options.tls_key_file.empty()) {
        return ended(kUsageExitCode, "chatmcp-node: --tls-cert and --tls-key belong together\n");
    }
    if (out.options.chain_endpoints.empty() != out.options.chain_program.empty()) {
        return ended(kUsageExitCode,
                     "chatmcp-node: --chain-endpoint and --chain-program belong together\n");
    }
    out.run = true;
    return out;
}

}  // namespace chatmcp::node
