#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "attest/dcap.h"
#include "base/encoding.h"
#include "support/vectors.h"

namespace chatmcp::testing {

inline Bytes intel_root() {
    return to_bytes(as_bytes(load_text("evidence/roots/intel-sgx-root-ca.der")));
}

/// One folder of the corpus; what its files hold can be changed before it is verified.
class DcapCase {
  public:
    DcapCase(const std::string& kind, const std::string& name)
        : name_(kind + "/" + name),
          folder_("evidence/" + name_ + "/"),
          facts_(load_document(folder_ + "case.json")) {
        quote = load(facts_.text("evidence"));
        for (const std::string& file : facts_.texts("collateral")) {
            files[file] = load(file);
        }
    }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] Vector expected() const { return facts_.object("expected"); }
    [[nodiscard]] std::optional<UnixMs> verify_at() const {
        return facts_.has("verify_at")
                   ? std::optional(from_time_text(facts_.text("verify_at")).value())
                   : std::nullopt;
    }
    [[nodiscard]] Result<attest::DcapClaims> verify(UnixMs at) const {
        const Bytes root = intel_root();
        const attest::Certificate anchor = attest::Certificate::read(root).value();
        CHATMCP_TRY(const attest::DcapQuote parsed, attest::DcapQuote::read(quote));
        return attest::verify_dcap(parsed, collateral(), anchor, at);
    }

    [[nodiscard]] attest::DcapCollateral collateral() const {
        return {.tcb_info = file("tcb_info.json"),
                .tcb_info_issuer_chain = file("tcb_info_issuer_chain.pem"),
                .qe_identity = file("qe_identity.json"),
                .qe_identity_issuer_chain = file("qe_identity_issuer_chain.pem"),
                .root_ca_crl = file("root_ca_crl.der"),
                .pck_crl = file("pck_crl.der"),
                .pck_crl_issuer_chain = file("pck_crl_issuer_chain.pem"),
                .pck_chain = file("pck_chain.pem")};
    }

    Bytes quote;
    std::map<std::string, Bytes> files;

  private:
    [[nodiscard]] Bytes load(const std::string& file) const {
        return to_bytes(as_bytes(load_text(folder_ + file)));
    }
    [[nodiscard]] std::optional<ByteView> file(const std::string& name) const {
        const auto found = files.find(name);
        return found == files.end() ? std::nullopt : std::optional<ByteView>(found->second);
    }

    std::string name_;
    std::string folder_;
    Vector facts_;
};

inline std::vector<DcapCase> dcap_cases() {
    std::vector<DcapCase> out;
    for (const Vector& entry : load_vectors("evidence/index.json")) {
        if (const std::string kind = entry.text("kind"); kind == "sgx" || kind == "tdx") {
            out.emplace_back(kind, entry.text("name"));
        }
    }
    return out;
}

}  // namespace chatmcp::testing
