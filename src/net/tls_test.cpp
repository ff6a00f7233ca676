#include "net/tls.h"

#include <memory>

#include <boost/asio/ssl/context.hpp>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "net/net_testing.h"

namespace chatmcp::net {
namespace {

struct SslFree {
    void operator()(SSL* connection) const { SSL_free(connection); }
};
using Ssl = std::unique_ptr<SSL, SslFree>;

Ssl new_connection(const TlsContext& context) {
    return Ssl(SSL_new(context->native_handle()));
}

// Both ends in one thread, over a pair of memory pipes.
struct Handshake {
    Ssl client;
    Ssl server;

    bool run() {
        BIO* client_end = nullptr;
        BIO* server_end = nullptr;
        BIO_new_bio_pair(&client_end, 1 << 16, &server_end, 1 << 16);
        SSL_set_bio(client.get(), client_end, client_end);
        SSL_set_bio(server.get(), server_end, server_end);
        SSL_set_connect_state(client.get());
        SSL_set_accept_state(server.get());
        for (int i = 0; i < 20; ++i) {
            const int client_done = SSL_do_handshake(client.get());
            const int server_done = SSL_do_handshake(server.get());
            if (client_done == 1 && server_done == 1) {
                return true;
            }
        }
        return false;
    }
};

TEST(Tls, IsVersion13WithThePostQuantumHybridAndOneChannelOnBothEnds) {
    const testing::Certificate certificate = testing::make_certificate();
    Handshake handshake;
    handshake.server =
        new_connection(*make_server_tls(certificate.certificate_pem, certificate.key_pem));
    handshake.client = new_connection(*make_client_tls(certificate.certificate_pem));
    ASSERT_TRUE(expect_peer_name(handshake.client.get(), "localhost").has_value());
    ASSERT_TRUE(handshake.run());
    EXPECT_EQ(SSL_version(handshake.client.get()), TLS1_3_VERSION);
    EXPECT_STREQ(SSL_get_group_name(SSL_get_group_id(handshake.client.get())), "X25519MLKEM768");
    const auto client_channel = export_channel(handshake.client.get());
    const auto server_channel = export_channel(handshake.server.get());
    ASSERT_TRUE(client_channel.has_value());
    ASSERT_TRUE(server_channel.has_value());
    EXPECT_EQ(*client_channel, *server_channel);
}

TEST(Tls, ACertificateForAnotherNameOrFromAnotherRootIsRefused) {
    const testing::Certificate certificate = testing::make_certificate();
    const auto server = make_server_tls(certificate.certificate_pem, certificate.key_pem);
    const auto connects = [&](const std::string& root, const std::string& name) {
        Handshake handshake;
        handshake.server = new_connection(*server);
        handshake.client = new_connection(*make_client_tls(root));
        EXPECT_TRUE(expect_peer_name(handshake.client.get(), name).has_value());
        return handshake.run();
    };
    EXPECT_TRUE(connects(certificate.certificate_pem, "127.0.0.1"));
    EXPECT_FALSE(connects(certificate.certificate_pem, "127.0.0.2"));
    EXPECT_FALSE(connects(certificate.certificate_pem, "relay.example"));
    EXPECT_FALSE(connects(testing::make_certificate().certificate_pem, "localhost"));
}

TEST(Tls, AClientOfAnOlderVersionIsRefused) {
    const testing::Certificate certificate = testing::make_certificate();
    Handshake handshake;
    handshake.server =
        new_connection(*make_server_tls(certificate.certificate_pem, certificate.key_pem));
    boost::asio::ssl::context old(boost::asio::ssl::context::tls_client);
    SSL_CTX_set_max_proto_version(old.native_handle(), TLS1_2_VERSION);
    handshake.client = Ssl(SSL_new(old.native_handle()));
    EXPECT_FALSE(handshake.run());
}

TEST(Tls, ACertificateOrKeyThatDoesNotFitIsRefused) {
    const testing::Certificate one = testing::make_certificate();
    const testing::Certificate other = testing::make_certificate();
    for (const auto& [chain, key] : {std::pair(one.certificate_pem, other.key_pem),
                                     std::pair(one.certificate_pem, std::string()),
                                     std::pair(std::string(), one.key_pem),
                                     std::pair(std::string(kPemMaxBytes + 1, 'x'), one.key_pem)}) {
        const auto made = make_server_tls(chain, key);
        ASSERT_FALSE(made.has_value());
        EXPECT_STREQ(made.error().check, "NET-20");
    }
}

TEST(Tls, RootsThatHoldNoCertificateAreRefused) {
    EXPECT_STREQ(make_client_tls("nothing").error().check, "NET-21");
}

TEST(Tls, ANameThatCannotBeCheckedIsRefused) {
    const auto client = make_client_tls(testing::make_certificate().certificate_pem);
    const Ssl connection = new_connection(*client);
    EXPECT_STREQ(expect_peer_name(connection.get(), std::string("a\0b", 3)).error().check,
                 "NET-22");
}

TEST(Tls, BeforeTheHandshakeThereIsNoChannel) {
    const auto client = make_client_tls(testing::make_certificate().certificate_pem);
    const Ssl connection = new_connection(*client);
    EXPECT_STREQ(export_channel(connection.get()).error().check, "NET-23");
}

}  // namespace
}  // namespace chatmcp::net
