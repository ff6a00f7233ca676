#include "net/tls.h"

#include <fstream>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace chatmcp::net {

namespace {

namespace ssl = boost::asio::ssl;

constexpr const char* kGroups = "X25519MLKEM768:X25519:P-256";
constexpr const char* kSystemRoots = "/etc/ssl/certs/ca-certificates.crt";

struct BioFree {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
struct X509Free {
    void operator()(X509* certificate) const { X509_free(certificate); }
};
struct PkeyFree {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using BioPtr = std::unique_ptr<BIO, BioFree>;
using X509Ptr = std::unique_ptr<X509, X509Free>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, PkeyFree>;

BioPtr memory_bio(std::string_view text) {
    return BioPtr(BIO_new_mem_buf(text.data(), static_cast<ossl_ssize_t>(text.size())));
}

X509Ptr next_certificate(BIO* bio) {
    return X509Ptr(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
}

TlsContext new_context(ssl::context::method method) {
    auto context = std::make_shared<ssl::context>(method);
    SSL_CTX* native = context->native_handle();
    SSL_CTX_set_min_proto_version(native, TLS1_3_VERSION);
    SSL_CTX_set_max_proto_version(native, TLS1_3_VERSION);
    SSL_CTX_set1_groups_list(native, kGroups);
    return context;
}

// Failed PEM reads leave an error behind that a later call on this thread would report as its own.
void forget_errors() {
    ERR_clear_error();
}

Result<std::string> read_ca_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text;
    char block[4096];
    while (file.read(block, sizeof block), file.gcount() > 0) {
        text.append(block, static_cast<std::size_t>(file.gcount()));
        if (text.size() > kPemMaxBytes) {
            return fail(Errc::io, "NET-72");
        }
    }
    if (!file.eof() || text.empty()) {
        return fail(Errc::io, "NET-72");
    }
    return text;
}

}  // namespace

Result<TlsContext> make_server_tls(std::string_view chain_pem, std::string_view key_pem) {
    if (chain_pem.size() > kPemMaxBytes || key_pem.size() > kPemMaxBytes) {
        return fail(Errc::malformed, "NET-20");
    }
    TlsContext context = new_context(ssl::context::tls_server);
    SSL_CTX* native = context->native_handle();
    const BioPtr chain = memory_bio(chain_pem);
    const X509Ptr leaf = next_certificate(chain.get());
    if (leaf == nullptr || SSL_CTX_use_certificate(native, leaf.get()) != 1) {
        forget_errors();
        return fail(Errc::malformed, "NET-20");
    }
    while (const X509Ptr intermediate = next_certificate(chain.get())) {
        if (SSL_CTX_add1_chain_cert(native, intermediate.get()) != 1) {
            forget_errors();
            return fail(Errc::malformed, "NET-20");
        }
    }
    const BioPtr key_bio = memory_bio(key_pem);
    const PkeyPtr key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
    const bool fits = key != nullptr && SSL_CTX_use_PrivateKey(native, key.get()) == 1 &&
                      SSL_CTX_check_private_key(native) == 1;
    forget_errors();
    if (!fits) {
        return fail(Errc::malformed, "NET-20");
    }
    return context;
}

Result<TlsContext> make_client_tls(std::string_view ca_pem) {
    if (ca_pem.size() > kPemMaxBytes) {
        return fail(Errc::malformed, "NET-21");
    }
    TlsContext context = new_context(ssl::context::tls_client);
    SSL_CTX* native = context->native_handle();
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
    if (ca_pem.empty()) {
        if (SSL_CTX_load_verify_locations(native, kSystemRoots, nullptr) != 1) {
            forget_errors();
            return fail(Errc::malformed, "NET-21");
        }
        return context;
    }
    const BioPtr bio = memory_bio(ca_pem);
    std::size_t count = 0;
    while (const X509Ptr root = next_certificate(bio.get())) {
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(native), root.get()) == 1) {
            ++count;
        }
    }
    forget_errors();
    if (count == 0) {
        return fail(Errc::malformed, "NET-21");
    }
    return context;
}

Result<TlsContext> make_client_tls_of(const std::string& ca_file) {
    std::string ca_pem;
    if (!ca_file.empty()) {
        CHATMCP_TRY(ca_pem, read_ca_file(ca_file));
    }
    return make_client_tls(ca_pem);
}

Result<void> expect_peer_name(ssl_st* connection, const std::string& host) {
    boost::system::error_code not_an_address;
    boost::asio::ip::make_address(host, not_an_address);
    X509_VERIFY_PARAM* parameters = SSL_get0_param(connection);
    int done = 0;
    if (not_an_address) {
        X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        done = X509_VERIFY_PARAM_set1_host(parameters, host.data(), host.size());
        if (done == 1) {
            done = SSL_set_tlsext_host_name(connection, host.c_str());
        }
    } else {
        done = X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str());
    }
    if (done != 1) {
        forget_errors();
        return fail(Errc::invalid_argument, "NET-22");
    }
    return {};
}

Result<ByteArray<kChannelBytes>> export_channel(ssl_st* connection) {
    ByteArray<kChannelBytes> out{};
    if (SSL_export_keying_material(connection,
                                   out.data(),
                                   out.size(),
                                   kChannelLabel.data(),
                                   kChannelLabel.size(),
                                   nullptr,
                                   0,
                                   0) != 1) {
        forget_errors();
        return fail(Errc::internal, "NET-23");
    }
    return out;
}

}  // namespace chatmcp::net
