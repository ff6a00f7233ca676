// Quotes of SGX and TDX with their collateral, as they were found: tests/vectors/evidence.

#include <map>

#include <gtest/gtest.h>

#include "support/dcap_case.h"
#include "support/random.h"

namespace chatmcp::attest {
namespace {

using testing::dcap_cases;
using testing::DcapCase;
using testing::Vector;

std::string check_of(const Result<DcapClaims>& result) {
    return result.has_value() ? "verified" : result.error().check;
}

/// Hexadecimal without leading zeros.
std::string number_text(ByteView number) {
    const std::string text = to_hex(number);
    return text.substr(text.find_first_not_of('0'));
}

void expect_sgx(const SgxReport& report, const Vector& body) {
    EXPECT_EQ(to_hex(report.cpu_svn), body.text("cpusvn"));
    EXPECT_EQ(to_hex(report.attributes), body.text("attributes"));
    EXPECT_EQ(to_hex(report.mr_enclave), body.text("mrenclave"));
    EXPECT_EQ(to_hex(report.mr_signer), body.text("mrsigner"));
    EXPECT_EQ(report.isv_prod_id, body.u64("isvprodid"));
    EXPECT_EQ(report.isv_svn, body.u64("isvsvn"));
    EXPECT_EQ(to_hex(report.report_data), body.text("report_data"));
}

void expect_td(const TdReport& report, const Vector& body) {
    EXPECT_EQ(to_hex(report.tee_tcb_svn), body.text("tee_tcb_svn"));
    EXPECT_EQ(to_hex(report.mr_seam), body.text("mr_seam"));
    EXPECT_EQ(to_hex(report.mr_signer_seam), body.text("mr_signer_seam"));
    EXPECT_EQ(to_hex(report.td_attributes), body.text("td_attributes"));
    EXPECT_EQ(to_hex(report.xfam), body.text("xfam"));
    EXPECT_EQ(to_hex(report.mr_td), body.text("mr_td"));
    EXPECT_EQ(to_hex(report.mr_config_id), body.text("mr_config_id"));
    EXPECT_EQ(to_hex(report.mr_owner), body.text("mr_owner"));
    EXPECT_EQ(to_hex(report.mr_owner_config), body.text("mr_owner_config"));
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(to_hex(report.rtmr[i]), body.text("rtmr" + std::to_string(i)));
    }
    EXPECT_EQ(to_hex(report.report_data), body.text("report_data"));
    if (report.version_15) {
        EXPECT_EQ(to_hex(report.tee_tcb_svn2), body.text("tee_tcb_svn2"));
        EXPECT_EQ(to_hex(report.mr_service_td), body.text("mr_service_td"));
    }
}

void expect_tcb(const TcbJudgement& tcb, const Vector& expected) {
    EXPECT_EQ(tcb_status_name(tcb.status), expected.text("tcb_status"));
    EXPECT_EQ(tcb_status_name(tcb.platform), expected.text("platform_tcb_status"));
    EXPECT_EQ(tcb_status_name(tcb.qe), expected.text("qe_tcb_status"));
    EXPECT_EQ(tcb.date, expected.text("tcb_date"));
    EXPECT_EQ(tcb.evaluation_number, expected.object("tcb_info").u64("tcb_evaluation_data_number"));
    EXPECT_EQ(tcb.advisories, expected.texts("advisory_ids"));
    if (tcb.module.has_value()) {
        const Vector module = expected.object("tdx_module");
        EXPECT_EQ(tcb.module_id, module.text("id"));
        EXPECT_EQ(tcb_status_name(*tcb.module), module.text("status"));
        EXPECT_EQ(tcb.module_advisories, module.texts("advisoryIDs"));
    }
}

TEST(Dcap, EveryCaseHasItsVerdictAndItsFacts) {
    int verified = 0;
    int refused = 0;
    for (const DcapCase& each : dcap_cases()) {
        const Vector expected = each.expected();
        SCOPED_TRACE(each.name());
        const auto claims = each.verify(each.verify_at().value_or(UnixMs{}));
        ASSERT_EQ(claims.has_value(), expected.boolean("verifies")) << check_of(claims);
        if (!claims.has_value()) {
            ++refused;
            continue;
        }
        ++verified;
        EXPECT_EQ(claims->version, expected.u64("quote_version"));
        if (const auto* report = std::get_if<SgxReport>(&claims->body)) {
            EXPECT_EQ(expected.text("tee"), "sgx");
            EXPECT_EQ(report->debug(), expected.boolean("debug"));
            expect_sgx(*report, expected.object("body"));
        } else {
            const TdReport& td = std::get<TdReport>(claims->body);
            EXPECT_EQ(expected.text("tee"), "tdx");
            EXPECT_EQ(td.debug(), expected.boolean("debug"));
            expect_td(td, expected.object("body"));
        }
        const Vector pck = expected.object("pck");
        EXPECT_EQ(number_text(claims->pck_serial), pck.text("serial"));
        EXPECT_EQ(to_hex(claims->pck.fmspc), pck.text("fmspc"));
        EXPECT_EQ(to_hex(claims->pck.pce_id), pck.text("pceid"));
        EXPECT_EQ(claims->pck.pce_svn, pck.u64("pcesvn"));
        EXPECT_EQ(to_hex(claims->pck.cpu_svn), pck.text("cpusvn"));
        EXPECT_EQ(to_hex(claims->pck.ppid), pck.text("ppid"));
        EXPECT_EQ(claims->pck.sgx_type, pck.u64("sgx_type"));
        ASSERT_EQ(claims->tcb.has_value(), expected.has("tcb_status"));
        if (claims->tcb.has_value()) {
            expect_tcb(*claims->tcb, expected);
        }
        EXPECT_EQ(claims->pck_revocation_checked, expected.has("pck_crl_entries"));
    }
    EXPECT_EQ(verified, 27);
    EXPECT_EQ(refused, 22);
}

TEST(Dcap, EveryRefusedCaseIsRefusedByItsName) {
    const std::map<std::string, std::string> reasons = {
        {"sgx/fortanix-corrupted-quote", "ATT-59"},
        {"sgx/fortanix-raw-tcb-no-pck-chain", "ATT-71"},
        {"sgx/intel-sample-impostor-root", "ATT-46"},
        {"sgx/mismatched-fmspc-collateral", "ATT-68"},
        {"sgx/mismatched-pck-crl-issuer", "ATT-50"},
        {"sgx/mismatched-qe-identity", "ATT-72"},
        {"sgx/mobilecoin-stale-pck-crl", "ATT-52"},
        {"sgx/oasis-bad-tcb-signing-chain", "ATT-65"},
        {"sgx/oasis-eppid-no-pck-chain", "ATT-71"},
        {"sgx/openenclave-bad-pck-chain", "ATT-45"},
        {"sgx/ravl-coffeelake-expired-collateral", "ATT-66"},
        {"sgx/ravl-icelake-expired-collateral", "ATT-66"},
        {"sgx/tampered-mrenclave-bit", "ATT-59"},
        {"sgx/tampered-qe-auth-data", "ATT-61"},
        {"sgx/tampered-report-data", "ATT-59"},
        {"sgx/tampered-tcb-info-status", "ATT-64"},
        {"tdx/automata-v5-tcb-not-supported", "ATT-69"},
        {"tdx/google-v4-tcb-not-supported", "ATT-58"},
        // Its revocation list is of another CA than its PCK certificate, before all else.
        {"tdx/phala-v4-shipped-with-sgx-collateral", "ATT-50"},
        {"tdx/phala-v5-tcb-not-supported", "ATT-69"},
        {"tdx/tampered-attestation-key", "ATT-61"},
        {"tdx/tampered-rtmr3-bit", "ATT-59"},
    };
    std::map<std::string, std::string> found;
    for (const DcapCase& each : dcap_cases()) {
        const auto claims = each.verify(each.verify_at().value_or(UnixMs{}));
        if (!claims.has_value()) {
            found[each.name()] = claims.error().check;
        }
    }
    EXPECT_EQ(found, reasons);
}

/// Files of a case that say nothing about the quote's signatures: they belong to its event log.
bool is_beside(const std::string& file) {
    return file.starts_with("ccel_") || file == "nonce.bin";
}

TEST(Dcap, NoFlippedBitVerifies) {
    constexpr int kFlipsOfQuote = 500;
    constexpr int kFlipsOfFile = 60;
    int flips = 0;
    for (DcapCase& each : dcap_cases()) {
        if (!each.expected().boolean("verifies")) {
            continue;
        }
        SCOPED_TRACE(each.name());
        const UnixMs at = *each.verify_at();
        testing::SeededRandom random(7);
        const auto flip = [&](const std::string& file, Bytes& bytes, int count) {
            for (int i = 0; i < count; ++i) {
                const std::size_t position = random.below(bytes.size());
                const auto bit = static_cast<std::uint8_t>(1u << random.below(8));
                bytes[position] ^= bit;
                EXPECT_FALSE(each.verify(at).has_value()) << file << " at " << position;
                bytes[position] ^= bit;
                ++flips;
            }
        };
        flip("quote", each.quote, kFlipsOfQuote);
        for (auto& [file, bytes] : each.files) {
            if (!is_beside(file)) {
                flip(file, bytes, kFlipsOfFile);
            }
        }
        EXPECT_TRUE(each.verify(at).has_value());
    }
    EXPECT_GE(flips, 20'000);
}

TEST(Dcap, AtOtherTimesCollateralHasExpiredOrIsNotYetValid) {
    int times = 0;
    for (const DcapCase& each : dcap_cases()) {
        if (!each.expected().has("at_other_times")) {
            continue;
        }
        SCOPED_TRACE(each.name());
        for (const Vector& other : each.expected().list("at_other_times")) {
            const auto claims = each.verify(from_time_text(other.text("verify_at")).value());
            EXPECT_EQ(claims.has_value(), other.boolean("verifies")) << check_of(claims);
            ++times;
        }
    }
    EXPECT_GE(times, 48);
}

}  // namespace
}  // namespace chatmcp::attest
