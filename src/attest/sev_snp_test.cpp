// SEV-SNP reports with their certificates, as they were found: tests/vectors/evidence.

#include "attest/sev_snp.h"

#include <map>
#include <optional>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "support/random.h"
#include "support/vectors.h"

namespace chatmcp::attest {
namespace {

using testing::Vector;

Bytes load(const std::string& path) {
    return to_bytes(as_bytes(testing::load_text("evidence/" + path)));
}

/// The ARKs, and the ASKs and ASVKs, of all product lines.
class AmdRoots {
  public:
    AmdRoots() {
        for (const std::string line : {"milan", "genoa", "turin"}) {
            add("roots/amd-" + line + "-ark.pem", roots_);
            add("roots/amd-" + line + "-ask.pem", authorities_);
            der_.push_back(load("roots/amd-" + line + "-asvk.der"));
            authorities_.push_back(Certificate::read(der_.back()).value());
        }
    }
    [[nodiscard]] SnpAnchors anchors() const { return {roots_, authorities_}; }

  private:
    void add(const std::string& path, std::vector<Certificate>& to) {
        der_.push_back(certificates_of_pem(load(path)).value().front());
        to.push_back(Certificate::read(der_.back()).value());
    }

    std::vector<Bytes> der_;
    std::vector<Certificate> roots_;
    std::vector<Certificate> authorities_;
};

/// One folder of the corpus; what its files hold can be changed before it is verified.
class Case {
  public:
    explicit Case(const std::string& name)
        : name_(name), facts_(testing::load_document("evidence/sev-snp/" + name + "/case.json")) {
        report = load("sev-snp/" + name + "/" + facts_.text("evidence"));
        for (const std::string& file : facts_.texts("collateral")) {
            files[file] = load("sev-snp/" + name + "/" + file);
        }
    }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] Vector expected() const { return facts_.object("expected"); }
    [[nodiscard]] UnixMs verify_at() const {
        return from_time_text(facts_.text("verify_at")).value();
    }
    [[nodiscard]] Result<SnpClaims> verify(const AmdRoots& roots, UnixMs at) const {
        CHATMCP_TRY(const SignedSnpReport parsed, SignedSnpReport::read(report));
        return verify_sev_snp(parsed, collateral(), roots.anchors(), at);
    }
    [[nodiscard]] Result<SnpClaims> verify(const AmdRoots& roots) const {
        return verify(roots, verify_at());
    }

    Bytes report;
    std::map<std::string, Bytes> files;

  private:
    [[nodiscard]] SnpCollateral collateral() const {
        SnpCollateral out;
        for (const auto& [name, bytes] : files) {
            if (name == "ark_crl.der") {
                out.ark_crl = bytes;
            } else if (name == "auxblob.bin") {
                out.certificate_table = bytes;
            } else if (name.ends_with(".pem") || name.ends_with(".der")) {
                out.certificates.push_back(bytes);
            }
        }
        return out;
    }

    std::string name_;
    Vector facts_;
};

std::vector<Case> all_cases() {
    std::vector<Case> out;
    for (const Vector& entry : testing::load_vectors("evidence/index.json")) {
        if (entry.text("kind") == "sev-snp") {
            out.emplace_back(entry.text("name"));
        }
    }
    return out;
}

Case case_of(const std::string& name) {
    return Case(name);
}

std::string check_of(const Result<SnpClaims>& result) {
    return result.has_value() ? "verified" : result.error().check;
}

/// As case.json has it: "0x3001f".
std::string number_text(std::uint64_t number) {
    Bytes bytes;
    for (int shift = 56; shift >= 0; shift -= 8) {
        bytes.push_back(static_cast<std::uint8_t>((number >> shift) & 0xff));
    }
    const std::string text = to_hex(bytes);
    const std::size_t first = text.find_first_not_of('0');
    return "0x" + (first == std::string::npos ? "0" : text.substr(first));
}

void expect_report(const SnpReport& report, const Vector& expected) {
    EXPECT_EQ(report.version, expected.u64("version"));
    EXPECT_EQ(report.guest_svn, expected.u64("guest_svn"));
    EXPECT_EQ(number_text(report.policy.bits), expected.text("policy"));
    EXPECT_EQ(report.policy.debug_allowed(), expected.boolean("debug_allowed"));
    EXPECT_EQ(to_hex(report.family_id), expected.text("family_id"));
    EXPECT_EQ(to_hex(report.image_id), expected.text("image_id"));
    EXPECT_EQ(report.vmpl, expected.u64("vmpl"));
    EXPECT_EQ(1u, expected.u64("sig_algo"));
    EXPECT_EQ(to_hex(report.current_tcb), expected.text("current_tcb"));
    EXPECT_EQ(number_text(report.platform_info), expected.text("platform_info"));
    EXPECT_EQ(number_text(report.key_info), expected.text("key_info"));
    EXPECT_EQ(to_hex(report.report_data), expected.text("report_data"));
    EXPECT_EQ(to_hex(report.measurement), expected.text("measurement"));
    EXPECT_EQ(to_hex(report.host_data), expected.text("host_data"));
    EXPECT_EQ(to_hex(report.id_key_digest), expected.text("id_key_digest"));
    EXPECT_EQ(to_hex(report.author_key_digest), expected.text("author_key_digest"));
    EXPECT_EQ(to_hex(report.report_id), expected.text("report_id"));
    EXPECT_EQ(to_hex(report.report_id_ma), expected.text("report_id_ma"));
    EXPECT_EQ(to_hex(report.reported_tcb), expected.text("reported_tcb"));
    EXPECT_EQ(to_hex(report.chip_id), expected.text("chip_id"));
    EXPECT_EQ(to_hex(report.committed_tcb), expected.text("committed_tcb"));
    EXPECT_EQ(to_hex(report.launch_tcb), expected.text("launch_tcb"));
    EXPECT_EQ(report.signing_key() == SnpSigningKey::vlek ? "VLEK" : "VCEK",
              expected.text("signing_key"));
    ASSERT_EQ(report.processor.has_value(), expected.has("cpuid"));
    if (report.processor.has_value()) {
        const Vector processor = expected.object("cpuid");
        EXPECT_EQ(report.processor->family, processor.u64("family"));
        EXPECT_EQ(report.processor->model, processor.u64("model"));
        EXPECT_EQ(report.processor->stepping, processor.u64("stepping"));
    }
}

void expect_key(const SnpClaims& claims, const Vector& expected) {
    const SnpTcb tcb = SnpTcb::read(claims.line, claims.key.tcb);
    EXPECT_EQ(claims.key.product_name, expected.text("product_name"));
    EXPECT_EQ(tcb.boot_loader, expected.u64("bl_spl"));
    EXPECT_EQ(tcb.tee, expected.u64("tee_spl"));
    EXPECT_EQ(tcb.snp, expected.u64("snp_spl"));
    EXPECT_EQ(tcb.microcode, expected.u64("ucode_spl"));
    ASSERT_EQ(tcb.fmc.has_value(), expected.has("fmc_spl"));
    if (tcb.fmc.has_value()) {
        EXPECT_EQ(*tcb.fmc, expected.u64("fmc_spl"));
    }
    EXPECT_EQ(to_hex(claims.key.hardware_id),
              expected.has("hw_id") ? expected.text("hw_id") : std::string());
    EXPECT_EQ(claims.key.provider,
              expected.has("csp_id") ? expected.text("csp_id") : std::string());
}

TEST(SevSnp, EveryCaseHasItsVerdictAndItsFacts) {
    const AmdRoots roots;
    int verified = 0;
    int refused = 0;
    for (const Case& each : all_cases()) {
        const Vector expected = each.expected();
        SCOPED_TRACE(each.name());
        const auto claims = each.verify(roots);
        ASSERT_EQ(claims.has_value(), expected.boolean("verifies")) << check_of(claims);
        // What a refused report says is read all the same.
        const auto parsed = SignedSnpReport::read(each.report);
        ASSERT_TRUE(parsed.has_value()) << parsed.error().check;
        expect_report(parsed->report, expected.object("report"));
        if (!claims.has_value()) {
            ++refused;
            continue;
        }
        ++verified;
        expect_report(claims->report, expected.object("report"));
        EXPECT_EQ(snp_product_line_name(claims->line), expected.text("product"));
        EXPECT_EQ(claims->report.policy.debug_allowed(), expected.boolean("debug"));
        expect_key(*claims, expected.object("leaf_extensions"));
        EXPECT_EQ(claims->revocation_checked,
                  each.files.contains("ark_crl.der") || expected.has("ark_crl"));
    }
    EXPECT_EQ(verified, 12);
    EXPECT_EQ(refused, 5);
}

TEST(SevSnp, EveryRefusedCaseIsRefusedByItsName) {
    const AmdRoots roots;
    const std::map<std::string, std::string> reasons = {
        {"mismatched-genoa-report-milan-vcek", "ATT-114"},
        {"tampered-measurement-bit", "ATT-111"},
        {"tampered-policy-bit", "ATT-111"},
        {"trustee-invalid-vcek-legacy", "ATT-46"},
        {"trustee-invalid-vcek-new", "ATT-46"},
    };
    std::map<std::string, std::string> found;
    for (const Case& each : all_cases()) {
        if (const auto claims = each.verify(roots); !claims.has_value()) {
            found[each.name()] = claims.error().check;
        }
    }
    EXPECT_EQ(found, reasons);
}

TEST(SevSnp, AtOtherTimesCertificatesOrListsHaveExpired) {
    const AmdRoots roots;
    int times = 0;
    for (const Case& each : all_cases()) {
        if (!each.expected().has("at_other_times")) {
            continue;
        }
        SCOPED_TRACE(each.name());
        for (const Vector& other : each.expected().list("at_other_times")) {
            const auto claims = each.verify(roots, from_time_text(other.text("verify_at")).value());
            EXPECT_EQ(claims.has_value(), other.boolean("verifies")) << check_of(claims);
            ++times;
        }
        for (const std::string& edge : each.expected().texts("in_date_window")) {
            EXPECT_TRUE(each.verify(roots, from_time_text(edge).value()).has_value()) << edge;
        }
    }
    EXPECT_EQ(times, 12);
}

/// Files that say nothing about the report's signature: they belong to its appraisal.
bool is_beside(const std::string& file) {
    return file == "security_policy.base64" || file == "uvm_reference_info.cose";
}

/// Bytes that no signature covers and whose change is no fault: an entry of the certificate table
/// whose GUID is another is one of the host's own, and the same certificate comes beside it.
bool is_unsigned(const std::string& file, std::size_t position) {
    constexpr std::size_t kEntries = 3;
    constexpr std::size_t kEntryBytes = 24;
    constexpr std::size_t kGuidBytes = 16;
    return file == "auxblob.bin" && position < kEntries * kEntryBytes &&
           position % kEntryBytes < kGuidBytes;
}

TEST(SevSnp, NoFlippedBitVerifies) {
    constexpr int kFlipsOfReport = 500;
    constexpr int kFlipsOfFile = 60;
    const AmdRoots roots;
    int flips = 0;
    for (Case& each : all_cases()) {
        if (!each.expected().boolean("verifies")) {
            continue;
        }
        SCOPED_TRACE(each.name());
        testing::SeededRandom random(7);
        const auto flip = [&](const std::string& file, Bytes& bytes, int count) {
            for (int i = 0; i < count; ++i) {
                const std::size_t position = random.below(bytes.size());
                const auto bit = static_cast<std::uint8_t>(1u << random.below(8));
                if (is_unsigned(file, position)) {
                    continue;
                }
                bytes[position] ^= bit;
                EXPECT_FALSE(each.verify(roots).has_value()) << file << " at " << position;
                bytes[position] ^= bit;
                ++flips;
            }
        };
        flip("report", each.report, kFlipsOfReport);
        for (auto& [file, bytes] : each.files) {
            if (!is_beside(file)) {
                flip(file, bytes, kFlipsOfFile);
            }
        }
        EXPECT_TRUE(each.verify(roots).has_value());
    }
    EXPECT_GE(flips, 8'000);
}

TEST(SevSnp, TheCertificateTableAloneIsEnough) {
    const AmdRoots roots;
    Case genoa = case_of("veraison-genoa-tsm-v3");
    for (const char* file : {"vcek.der", "ask.pem", "ark.pem"}) {
        ASSERT_EQ(genoa.files.erase(file), 1u);
    }
    const auto claims = genoa.verify(roots);
    ASSERT_TRUE(claims.has_value()) << claims.error().check;
    EXPECT_TRUE(claims->revocation_checked);
}

TEST(SevSnp, TheAuthorityMayBeOneThatIsKnownAnyway) {
    const AmdRoots roots;
    for (const char* name : {"microsoft-turin-v5", "trustee-milan-v2", "trustee-milan-v3-vlek"}) {
        SCOPED_TRACE(name);
        Case each = case_of(name);
        std::erase_if(each.files, [](const auto& file) {
            return file.first == "ask.pem" || file.first == "asvk.der" || file.first == "ark.pem";
        });
        EXPECT_TRUE(each.verify(roots).has_value());
        const auto parsed = SignedSnpReport::read(each.report).value();
        SnpCollateral collateral;
        for (const auto& [file, bytes] : each.files) {
            collateral.certificates.push_back(bytes);
        }
        const auto claims =
            verify_sev_snp(parsed, collateral, SnpAnchors{roots.anchors().roots}, each.verify_at());
        ASSERT_FALSE(claims.has_value());
        EXPECT_STREQ(claims.error().check, "ATT-45");
    }
}

// The halves are genuine: report and key are of other chips, or of the same at another TCB.
TEST(SevSnp, HalvesThatDoNotBelongTogetherAreRefusedByName) {
    const AmdRoots roots;
    const auto with_key_of = [&](const char* report, const char* key) {
        Case each = case_of(report);
        Case other = case_of(key);
        each.files["vcek.der"] = other.files.at("vcek.der");
        return check_of(each.verify(roots, other.verify_at()));
    };
    EXPECT_EQ(with_key_of("trustee-milan-v2", "google-milan-v2-debug"), "ATT-113");
    EXPECT_EQ(with_key_of("oak-milan-v3-rk", "trustee-milan-v2"), "ATT-113");
    Case list_of_another_line = case_of("virtee-milan-v2");
    list_of_another_line.files["ark_crl.der"] =
        case_of("veraison-genoa-tsm-v3").files.at("ark_crl.der");
    EXPECT_EQ(check_of(list_of_another_line.verify(roots)), "ATT-50");
    Case vlek = case_of("trustee-milan-v3-vlek");
    vlek.report = case_of("oak-milan-v3-rk").report;
    EXPECT_EQ(check_of(vlek.verify(roots)), "ATT-108");
}

/// Without leading zeros, as case.json has it.
std::string serial_text(ByteView serial) {
    const std::string text = to_hex(serial);
    return text.substr(text.find_first_not_of('0'));
}

TEST(SevSnp, RevocationListsNameWhomTheyRevoke) {
    int lists = 0;
    for (const Case& each : all_cases()) {
        if (!each.expected().has("ark_crl")) {
            continue;
        }
        SCOPED_TRACE(each.name());
        const Vector expected = each.expected().object("ark_crl");
        const auto list = RevocationList::read(each.files.at("ark_crl.der")).value();
        std::vector<std::string> serials;
        for (const ByteView serial : list.serials) {
            serials.push_back(serial_text(serial));
        }
        EXPECT_EQ(serials, expected.texts("entries"));
        EXPECT_EQ(common_name_of(list.issuer), expected.text("issuer"));
        const Bytes ask = certificates_of_pem(each.files.at("ask.pem")).value().front();
        EXPECT_EQ(serial_text(Certificate::read(ask).value().serial),
                  expected.text("intermediate_serial"));
        ++lists;
    }
    EXPECT_EQ(lists, 3);
}

// What a policy does with a verified report: the host's data stands for a document beside it.
TEST(SevSnp, HostDataIsTheDigestOfTheSecurityPolicy) {
    const AmdRoots roots;
    const Case guest = case_of("aci-milan-v2-hostdata");
    ASSERT_TRUE(guest.expected().boolean("host_data_equals_sha256_of_decoded_security_policy"));
    const auto claims = guest.verify(roots);
    ASSERT_TRUE(claims.has_value());
    const Bytes policy = from_base64(as_text(guest.files.at("security_policy.base64"))).value();
    EXPECT_EQ(to_hex(claims->report.host_data), to_hex(crypto::sha256(policy)));
    ASSERT_TRUE(guest.expected().boolean("uvm_reference_measurement_matches"));
    const std::string_view reference = as_text(guest.files.at("uvm_reference_info.cose"));
    EXPECT_NE(reference.find(to_hex(claims->report.measurement)), std::string_view::npos);
}

TEST(SnpTcb, AMinimumIsReachedPartByPart) {
    const SnpTcb have = SnpTcb::read(SnpProductLine::milan, {4, 0, 0, 0, 0, 0, 24, 219});
    SnpTcb minimum = have;
    EXPECT_TRUE(have.reaches(minimum));
    // Below in one part, above in all others.
    minimum = {.fmc = std::nullopt, .boot_loader = 5, .tee = 0, .snp = 0, .microcode = 0};
    EXPECT_FALSE(have.reaches(minimum));
    minimum = {.fmc = std::nullopt, .boot_loader = 0, .tee = 1, .snp = 0, .microcode = 0};
    EXPECT_FALSE(have.reaches(minimum));
    minimum = {.fmc = std::nullopt, .boot_loader = 0, .tee = 0, .snp = 25, .microcode = 0};
    EXPECT_FALSE(have.reaches(minimum));
    minimum = {.fmc = std::nullopt, .boot_loader = 0, .tee = 0, .snp = 0, .microcode = 220};
    EXPECT_FALSE(have.reaches(minimum));
    minimum = {.fmc = 0, .boot_loader = 0, .tee = 0, .snp = 0, .microcode = 0};
    EXPECT_FALSE(have.reaches(minimum));
    const SnpTcb turin = SnpTcb::read(SnpProductLine::turin, {1, 2, 3, 4, 0, 0, 0, 81});
    EXPECT_TRUE(turin.reaches(minimum));
    EXPECT_EQ(turin.fmc, 1);
    EXPECT_EQ(turin.boot_loader, 2);
    EXPECT_EQ(turin.tee, 3);
    EXPECT_EQ(turin.snp, 4);
    EXPECT_EQ(turin.microcode, 81);
}

}  // namespace
}  // namespace chatmcp::attest
