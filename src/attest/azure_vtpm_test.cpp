// Evidence of Azure's confidential VMs, as it was found: tests/vectors/evidence.

#include "attest/azure_vtpm.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "attest/roots.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "support/random.h"
#include "support/vectors.h"

namespace chatmcp::attest {
namespace {

using testing::Vector;

constexpr std::size_t kHardwareReportAt = 32;
constexpr std::size_t kTdReportBytes = 1024;

std::string load(const std::string& path) {
    return testing::load_text("evidence/azure-vtpm/" + path);
}

/// The roots that programs use.
class MakersRoots {
  public:
    [[nodiscard]] AzureAnchors anchors() const {
        return {.snp = {.roots = arks_, .authorities = authorities_}, .intel_sgx = &intel_};
    }

  private:
    Roots roots_ = builtin_roots();
    std::vector<Certificate> arks_ = read_roots(roots_.amd).value();
    std::vector<Certificate> authorities_ = read_roots(roots_.amd_below).value();
    Certificate intel_ = Certificate::read(roots_.intel_sgx).value();
};

/// One folder of the corpus; its evidence can be changed before it is verified.
class Case {
  public:
    explicit Case(const std::string& name)
        : name_(name),
          facts_(testing::load_document("evidence/azure-vtpm/" + name + "/case.json")) {
        json = load(name + "/" + facts_.text("evidence"));
    }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] Vector expected() const { return facts_.object("expected"); }
    [[nodiscard]] UnixMs verify_at() const {
        return from_time_text(facts_.text("verify_at")).value();
    }
    [[nodiscard]] AzureEvidence evidence() const { return AzureEvidence::read(json).value(); }
    [[nodiscard]] Result<AzureVtpmClaims> verify(const MakersRoots& roots, UnixMs at) const {
        CHATMCP_TRY(const AzureEvidence parsed, AzureEvidence::read(json));
        return verify_azure_vtpm(parsed, {}, roots.anchors(), at);
    }
    [[nodiscard]] Result<AzureVtpmClaims> verify(const MakersRoots& roots) const {
        return verify(roots, verify_at());
    }

    std::string json;

  private:
    std::string name_;
    Vector facts_;
};

std::vector<Case> all_cases() {
    std::vector<Case> out;
    for (const Vector& entry : testing::load_vectors("evidence/index.json")) {
        if (entry.text("kind") == "azure-vtpm") {
            out.emplace_back(entry.text("name"));
        }
    }
    return out;
}

std::string check_of(const Result<AzureVtpmClaims>& result) {
    return result.has_value() ? "verified" : result.error().check;
}

/// The files that the corpus decoded from the JSON.
void expect_files(const Case& each) {
    const AzureEvidence evidence = each.evidence();
    const auto file = [&](const char* name) {
        return to_bytes(as_bytes(load(each.name() + "/" + name)));
    };
    EXPECT_EQ(evidence.hcl_report, file("hcl_report.bin"));
    EXPECT_EQ(evidence.quote, file("tpm_quote.msg"));
    EXPECT_EQ(evidence.quote_signature, file("tpm_quote.sig"));
    const auto report = HclReport::read(evidence.hcl_report);
    ASSERT_TRUE(report.has_value()) << report.error().check;
    EXPECT_EQ(to_bytes(report->runtime_data), file("runtime_data.json"));
    if (evidence.td_quote.has_value()) {
        EXPECT_EQ(*evidence.td_quote, file("td_quote.bin"));
    } else {
        const Bytes& vcek = evidence.vcek.value();
        EXPECT_EQ(vcek.front() == 0x30 ? vcek : certificates_of_pem(vcek).value().front(),
                  file("vcek.der"));
    }
    const auto pcrs = each.expected().object("pcrs").texts("sha256");
    ASSERT_EQ(evidence.pcrs.size(), 1u);
    const auto& bank = evidence.pcrs.at(TpmHash::sha256);
    ASSERT_EQ(bank.size(), pcrs.size());
    for (const auto& [number, value] : bank) {
        EXPECT_EQ(to_hex(value), pcrs[number]);
    }
}

void expect_hcl(const Case& each, const AzureVtpmClaims& claims) {
    const Vector expected = each.expected().object("hcl");
    const AzureEvidence evidence = each.evidence();
    const HclReport report = HclReport::read(evidence.hcl_report).value();
    EXPECT_EQ(claims.hcl_version, expected.u64("version"));
    EXPECT_EQ(report.runtime_data.size(), expected.u64("variable_data_size"));
    EXPECT_EQ(report.runtime_data.size() + 1236, expected.u64("report_size"));
    EXPECT_EQ(claims.snp() != nullptr ? "SNP" : "TDX", expected.text("report_type"));
    EXPECT_EQ("SHA-256", expected.text("hash_type"));
    EXPECT_EQ(report.runtime_hash, TpmHash::sha256);
    EXPECT_EQ(to_hex(crypto::sha256(report.runtime_data)), expected.text("runtime_hash"));
    const Vector configuration = expected.object("vm_configuration");
    EXPECT_EQ(claims.runtime.secure_boot, configuration.boolean("secure-boot"));
    EXPECT_EQ(claims.runtime.console_enabled, configuration.boolean("console-enabled"));
    EXPECT_EQ(claims.runtime.tpm_enabled, configuration.boolean("tpm-enabled"));
    EXPECT_EQ(claims.runtime.vm_unique_id, configuration.text("vmUniqueId"));
    EXPECT_EQ(claims.runtime.tpm_persisted.has_value(), configuration.has("tpm-persisted"));
    if (configuration.has("tpm-persisted")) {
        EXPECT_EQ(claims.runtime.tpm_persisted, configuration.boolean("tpm-persisted"));
    }
    std::string user_data = expected.text("user_data");
    std::ranges::transform(user_data, user_data.begin(), [](char digit) {
        return digit >= 'A' && digit <= 'F' ? static_cast<char>(digit + 32) : digit;
    });
    EXPECT_EQ(to_hex(claims.runtime.user_data), user_data);
}

void expect_hardware(const AzureVtpmClaims& claims, const Vector& expected) {
    if (const SnpClaims* const snp = claims.snp(); snp != nullptr) {
        const Vector report = expected.object("snp_report");
        EXPECT_EQ(snp_product_line_name(snp->line), expected.text("product"));
        EXPECT_EQ(snp->report.version, report.u64("version"));
        EXPECT_EQ(snp->report.vmpl, report.u64("vmpl"));
        EXPECT_EQ(to_hex(snp->report.measurement), report.text("measurement"));
        EXPECT_EQ(to_hex(snp->report.report_data), report.text("report_data"));
        EXPECT_EQ(to_hex(snp->report.id_key_digest), report.text("id_key_digest"));
        EXPECT_EQ(to_hex(snp->report.chip_id), report.text("chip_id"));
        EXPECT_EQ(to_hex(snp->report.reported_tcb), report.text("reported_tcb"));
        EXPECT_EQ(snp->report.policy.debug_allowed(), expected.boolean("debug"));
        return;
    }
    const DcapClaims& dcap = *claims.dcap();
    const auto& td = std::get<TdReport>(dcap.body);
    const Vector body = expected.object("td_body");
    EXPECT_EQ(to_hex(dcap.pck.fmspc), expected.text("fmspc"));
    EXPECT_EQ(to_hex(td.mr_td), body.text("mr_td"));
    EXPECT_EQ(to_hex(td.mr_seam), body.text("mr_seam"));
    EXPECT_EQ(to_hex(td.xfam), body.text("xfam"));
    EXPECT_EQ(to_hex(td.report_data), body.text("report_data"));
    EXPECT_EQ(td.debug(), expected.boolean("debug"));
    EXPECT_FALSE(dcap.tcb.has_value());  // This case brings no collateral.
}

TEST(AzureVtpm, EveryCaseHasItsVerdictAndItsFacts) {
    const MakersRoots roots;
    int verified = 0;
    int refused = 0;
    for (const Case& each : all_cases()) {
        SCOPED_TRACE(each.name());
        const Vector expected = each.expected();
        expect_files(each);
        const auto claims = each.verify(roots);
        ASSERT_EQ(claims.has_value(), expected.boolean("verifies")) << check_of(claims);
        if (!claims.has_value()) {
            ++refused;
            continue;
        }
        ++verified;
        EXPECT_EQ(to_hex(claims->tpm.nonce), expected.text("nonce"));
        EXPECT_EQ(to_hex(claims->tpm.pcr_digest), expected.object("tpms_attest").text("pcrDigest"));
        EXPECT_EQ(claims->tpm.clock_ms, expected.object("tpms_attest").u64("clock"));
        EXPECT_EQ(claims->tpm.pcrs, each.evidence().pcrs);
        expect_hcl(each, *claims);
        expect_hardware(*claims, expected);
    }
    EXPECT_EQ(verified, 5);
    EXPECT_EQ(refused, 3);
}

TEST(AzureVtpm, EveryRefusedCaseIsRefusedByItsName) {
    const MakersRoots roots;
    const std::map<std::string, std::string> reasons = {
        {"mismatched-hcl-of-other-vm", "ATT-219"},
        {"tampered-pcr4", "ATT-218"},
        {"tampered-runtime-data", "ATT-230"},
    };
    std::map<std::string, std::string> found;
    for (const Case& each : all_cases()) {
        if (const auto claims = each.verify(roots); !claims.has_value()) {
            found[each.name()] = claims.error().check;
        }
    }
    EXPECT_EQ(found, reasons);
}

TEST(AzureVtpm, OutsideOfItsDatesNothingVerifies) {
    const MakersRoots roots;
    int edges = 0;
    for (const Case& each : all_cases()) {
        if (!each.expected().boolean("verifies")) {
            continue;
        }
        SCOPED_TRACE(each.name());
        const auto window = each.expected().texts("in_date_window");
        const UnixMs from = from_time_text(window[0]).value();
        const UnixMs until = from_time_text(window[1]).value();
        EXPECT_EQ(check_of(each.verify(roots, from)), "verified");
        EXPECT_EQ(check_of(each.verify(roots, until)), "verified");
        EXPECT_EQ(check_of(each.verify(roots, from.plus_ms(-1'000))), "ATT-47");
        EXPECT_EQ(check_of(each.verify(roots, until.plus_ms(1'000))), "ATT-47");
        edges += 2;
    }
    EXPECT_EQ(edges, 10);
}

TEST(AzureVtpm, HalvesThatDoNotBelongTogetherAreRefusedByName) {
    const MakersRoots roots;
    const Case milan("snp-milan-challenge");
    const AzureEvidence one = milan.evidence();
    const AzureEvidence two = Case("snp-milan-user-data").evidence();
    const AzureEvidence genoa = Case("snp-genoa").evidence();
    const AzureEvidence tdx = Case("tdx-challenge").evidence();
    const auto with = [&](const AzureEvidence& base, auto edit) {
        AzureEvidence mixed = base;
        edit(mixed);
        return check_of(verify_azure_vtpm(mixed, {}, roots.anchors(), milan.verify_at()));
    };
    EXPECT_EQ(with(one, [](AzureEvidence&) {}), "verified");
    // Chip, paravisor's report, quote, signature and registers of another VM.
    EXPECT_EQ(with(one, [&](AzureEvidence& mixed) { mixed.vcek = genoa.vcek; }), "ATT-114");
    EXPECT_EQ(with(one, [&](AzureEvidence& mixed) { mixed.vcek = two.vcek; }), "ATT-113");
    EXPECT_EQ(with(two,
                   [&](AzureEvidence& mixed) {
                       mixed.hcl_report = one.hcl_report;
                       mixed.vcek = one.vcek;
                   }),
              "ATT-219");
    EXPECT_EQ(with(one, [&](AzureEvidence& mixed) { mixed.quote = two.quote; }), "ATT-219");
    EXPECT_EQ(with(one, [&](AzureEvidence& mixed) { mixed.pcrs = two.pcrs; }), "ATT-218");
    EXPECT_EQ(with(one, [&](AzureEvidence& mixed) { mixed.hcl_report = tdx.hcl_report; }),
              "ATT-232");
    EXPECT_EQ(with(tdx, [&](AzureEvidence& mixed) { mixed.hcl_report = one.hcl_report; }),
              "ATT-232");
    // Runtime data of one VM in the report of another.
    EXPECT_EQ(with(one,
                   [&](AzureEvidence& mixed) {
                       std::copy(two.hcl_report.begin() + 1216,
                                 two.hcl_report.end(),
                                 mixed.hcl_report.begin() + 1216);
                       std::copy(two.hcl_report.begin() + 8,
                                 two.hcl_report.begin() + 12,
                                 mixed.hcl_report.begin() + 8);
                   }),
              "ATT-230");
}

// In the paravisor's report of TDX the TDREPORT is not covered: the TD quote stands for it. What is
// around it, and all of the report of SEV-SNP, has one form or is signed. Of a TD quote the zeros
// behind it have one form, and a quote's header has bytes that are signed with it.
TEST(AzureVtpm, NoFlippedBitVerifies) {
    constexpr int kFlips = 500;
    const MakersRoots roots;
    int flips = 0;
    for (const Case& each : all_cases()) {
        if (!each.expected().boolean("verifies")) {
            continue;
        }
        SCOPED_TRACE(each.name());
        AzureEvidence evidence = each.evidence();
        testing::SeededRandom random(7);
        const auto flip_all = [&](Bytes& bytes, std::size_t skip_from, std::size_t skip_bytes) {
            for (int i = 0; i < kFlips; ++i) {
                std::size_t position = random.below(bytes.size() - skip_bytes);
                position += position >= skip_from ? skip_bytes : 0;
                const auto bit = static_cast<std::uint8_t>(1u << random.below(8));
                bytes[position] ^= bit;
                EXPECT_FALSE(
                    verify_azure_vtpm(evidence, {}, roots.anchors(), each.verify_at()).has_value())
                    << position;
                bytes[position] ^= bit;
                ++flips;
            }
        };
        const bool tdx = evidence.td_quote.has_value();
        flip_all(evidence.hcl_report, kHardwareReportAt, tdx ? kTdReportBytes : 0);
        flip_all(evidence.quote, 0, 0);
        flip_all(evidence.quote_signature, 0, 0);
        flip_all(evidence.pcrs.at(TpmHash::sha256).at(4), 0, 0);
        flip_all(tdx ? *evidence.td_quote : *evidence.vcek, 0, 0);
    }
    EXPECT_EQ(flips, 5 * 5 * kFlips);
}

// The same for the text; the TDREPORT is text there as well.
TEST(AzureVtpm, NoFlippedBitOfTheTextVerifies) {
    constexpr int kFlips = 500;
    const MakersRoots roots;
    for (Case& each : all_cases()) {
        if (!each.expected().boolean("verifies")) {
            continue;
        }
        SCOPED_TRACE(each.name());
        const Bytes hcl_report = each.evidence().hcl_report;
        testing::SeededRandom random(9);
        for (int i = 0; i < kFlips; ++i) {
            const std::size_t position = random.below(each.json.size());
            const auto bit = static_cast<char>(1u << random.below(8));
            each.json[position] = static_cast<char>(each.json[position] ^ bit);
            if (const auto claims = each.verify(roots); claims.has_value()) {
                Bytes changed = each.evidence().hcl_report;
                EXPECT_TRUE(claims->dcap() != nullptr) << position;
                std::copy_n(hcl_report.begin() + kHardwareReportAt,
                            kTdReportBytes,
                            changed.begin() + kHardwareReportAt);
                EXPECT_EQ(changed, hcl_report) << position;
            }
            each.json[position] = static_cast<char>(each.json[position] ^ bit);
        }
        EXPECT_TRUE(each.verify(roots).has_value());
    }
}

}  // namespace
}  // namespace chatmcp::attest
