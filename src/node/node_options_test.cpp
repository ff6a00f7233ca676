#include "node/node_options.h"

#include <gtest/gtest.h>

namespace chatmcp::node {
namespace {

std::string listen(std::string_view text) {
    const auto parsed = parse_listen(text);
    return parsed.has_value() ? parsed->address + " " + std::to_string(parsed->port)
                              : std::string(parsed.error().check);
}

TEST(NodeOptions, AnAddressIsWrittenInAnyOfItsForms) {
    EXPECT_EQ(listen("127.0.0.1:0"), "127.0.0.1 0");
    EXPECT_EQ(listen("0.0.0.0:443"), "0.0.0.0 443");
    EXPECT_EQ(listen("[::1]:65535"), "::1 65535");
    EXPECT_EQ(listen("[::1]"), "::1 7400");
    EXPECT_EQ(listen("10.0.0.1"), "10.0.0.1 7400");
    EXPECT_EQ(listen(":8080"), "127.0.0.1 8080");
    EXPECT_EQ(listen("8080"), "127.0.0.1 8080");
}

TEST(NodeOptions, AnAddressThatIsNoneIsRefused) {
    for (const char* text : {"",
                             "127.0.0.1:",
                             "127.0.0.1:65536",
                             "127.0.0.1:-1",
                             "127.0.0.1:x",
                             "::1",
                             "[::1",
                             "[]:1",
                             "[::1]1",
                             "65536",
                             "a:b:c"}) {
        EXPECT_EQ(listen(text), "NODE-01") << text;
    }
}

TEST(NodeOptions, DefaultsAreForOneMachine) {
    const auto parsed = parse_command_line({"--data", "folder"});
    ASSERT_TRUE(parsed.run);
    EXPECT_EQ(parsed.options.data_folder, "folder");
    EXPECT_EQ(parsed.options.address, "127.0.0.1");
    EXPECT_EQ(parsed.options.port, kDefaultPort);
    EXPECT_EQ(parsed.options.retention_days, 30u);
    EXPECT_FALSE(parsed.options.json);
}

TEST(NodeOptions, EveryOptionIsTaken) {
    const auto parsed = parse_command_line({"--data",
                                            "d",
                                            "--listen",
                                            "[::1]:1",
                                            "--tls-cert",
                                            "c",
                                            "--tls-key",
                                            "k",
                                            "--retention-days",
                                            "7",
                                            "--json"});
    ASSERT_TRUE(parsed.run);
    EXPECT_EQ(parsed.options.address, "::1");
    EXPECT_EQ(parsed.options.port, 1u);
    EXPECT_EQ(parsed.options.tls_certificate_file, "c");
    EXPECT_EQ(parsed.options.tls_key_file, "k");
    EXPECT_EQ(parsed.options.retention_days, 7u);
    EXPECT_TRUE(parsed.options.json);
}

TEST(NodeOptions, WrongUseIsSaidAndEndsWithTwo) {
    const std::vector<std::vector<std::string>> wrong = {
        {},
        {"--data"},
        {"--data", "d", "--listen", "nonsense:x"},
        {"--data", "d", "--tls-cert", "c"},
        {"--data", "d", "--tls-key", "k"},
        {"--data", "d", "--retention-days", "0"},
        {"--data", "d", "--retention-days", "100000"},
        {"--data", "d", "--chain-endpoint", "http://127.0.0.1:8899"},
        {"--data", "d", "--chain-program", "p"},
        {"--data", "d", "--unknown"},
        {"--data", "d", "surplus"},
    };
    for (const auto& arguments : wrong) {
        const auto parsed = parse_command_line(arguments);
        EXPECT_FALSE(parsed.run);
        EXPECT_EQ(parsed.exit_code, 2);
        EXPECT_TRUE(parsed.output.starts_with("chatmcp-node: ")) << parsed.output;
    }
}

TEST(NodeOptions, HelpAndVersionEndWithZero) {
    const auto help = parse_command_line({"--help"});
    EXPECT_FALSE(help.run);
    EXPECT_EQ(help.exit_code, 0);
    for (const char* option : {"--data",
                               "--listen",
                               "--tls-cert",
                               "--tls-key",
                               "--retention-days",
                               "--chain-endpoint",
                               "--chain-program",
                               "--chain-ca",
                               "--json"}) {
        EXPECT_NE(help.output.find(option), std::string::npos) << option;
    }
    const auto version = parse_command_line({"--version"});
    EXPECT_EQ(version.exit_code, 0);
    EXPECT_TRUE(version.output.starts_with("chatmcp-node "));
}

}  // namespace
}  // namespace chatmcp::node
