// What the verification of each kind of evidence costs, beside the signatures in it. The evidence
// is that of the corpus: real machines and their collateral.

#include <functional>
#include <memory>
#include <thread>

#include "attest/dcap_cache.h"
#include "attest/evidence.h"
#include "attest/nitro.h"
#include "attest/nvidia_gpu.h"
#include "attest/roots.h"
#include "attest/sev_snp.h"
#include "bench/allocations.h"
#include "bench/attest_floor.h"
#include "bench/benches.h"
#include "bench/paired.h"
#include "support/dcap_case.h"
#include "support/evidence_case.h"

namespace chatmcp::bench {
namespace {

using testing::DcapCase;

constexpr std::size_t kThreads = 2;
constexpr std::size_t kPerThread = 8;  // Verifications in one block of two threads.

Bytes load(const std::string& path) {
    return to_bytes(as_bytes(testing::load_text("evidence/" + path)));
}

UnixMs time_of(const std::string& folder) {
    const auto facts = testing::load_document("evidence/" + folder + "/case.json");
    return must(from_time_text(facts.text("verify_at")), "a case's time");
}

/// A root with the bytes that it borrows.
struct Root {
    Bytes der;
    attest::Certificate certificate;

    explicit Root(Bytes bytes)
        : der(std::move(bytes)), certificate(must(attest::Certificate::read(der), "a root")) {}
};

/// A verification from bytes in memory to claims, everything parsed anew, and the signatures that
/// it cannot do without.
struct Subject {
    std::string name;
    SignatureCounts signatures;
    std::function<void(std::size_t thread)> verify;
};

Subject dcap_subject(const std::string& kind, const std::string& name) {
    const auto root = std::make_shared<Root>(testing::intel_root());
    const auto evidence = std::make_shared<DcapCase>(kind, name);
    const UnixMs at = time_of(kind + "/" + name);
    // Quote, QE report, PCK leaf, PCK CA, TCB signing, TCB info, QE identity, both lists.
    return {
        .name = kind + "_cold", .signatures = {.p256 = 9}, .verify = [=](std::size_t /*thread*/) {
            const auto quote = must(attest::DcapQuote::read(evidence->quote), "a quote");
            must(attest::verify_dcap(quote, evidence->collateral(), root->certificate, at),
                 "a quote");
        }};
}

/// The second and later quotes of a platform.
Subject dcap_warm_subject(const std::string& kind, const std::string& name) {
    const auto root = std::make_shared<Root>(testing::intel_root());
    const auto evidence = std::make_shared<DcapCase>(kind, name);
    const auto cache = std::make_shared<std::array<attest::DcapCache, kThreads>>();
    const UnixMs at = time_of(kind + "/" + name);
    // Quote and QE report.
    return {.name = kind + "_warm", .signatures = {.p256 = 2}, .verify = [=](std::size_t thread) {
                const auto quote = must(attest::DcapQuote::read(evidence->quote), "a quote");
                must((*cache)[thread].verify(quote, evidence->collateral(), root->certificate, at),
                     "a quote");
            }};
}

Subject snp_subject() {
    const std::string folder = "sev-snp/oak-milan-v3-rk";
    struct Evidence {
        Bytes report;
        Bytes vcek;
        Bytes ask;
        Bytes ark;
    };
    const auto evidence =
        std::make_shared<Evidence>(Evidence{.report = load(folder + "/report.bin"),
                                            .vcek = load(folder + "/vcek.der"),
                                            .ask = load(folder + "/ask.pem"),
                                            .ark = load(folder + "/ark.pem")});
    const auto root = std::make_shared<Root>(
        must(attest::certificates_of_pem(load("roots/amd-milan-ark.pem")), "a root").front());
    const UnixMs at = time_of(folder);
    return {.name = "snp_cold",
            .signatures = {.p384 = 1, .rsa4096 = 2},
            .verify = [=](std::size_t /*thread*/) {
                const auto report =
                    must(attest::SignedSnpReport::read(evidence->report), "a report");
                const attest::SnpCollateral collateral{
                    .certificates = {evidence->vcek, evidence->ask, evidence->ark},
                    .certificate_table = {},
                    .ark_crl = {}};
                must(attest::verify_sev_snp(
                         report, collateral, {.roots = std::span(&root->certificate, 1)}, at),
                     "a report");
            }};
}

Subject nitro_subject() {
    const std::string folder = "nitro/dstack-2025";
    const auto document = std::make_shared<Bytes>(load(folder + "/document.cose"));
    const auto root = std::make_shared<Root>(
        must(attest::certificates_of_pem(load("roots/aws-nitro-root-g1.pem")), "a root").front());
    const UnixMs at = time_of(folder);
    return {.name = "nitro_cold", .signatures = {.p384 = 5}, .verify = [=](std::size_t /*thread*/) {
                const auto parsed = must(attest::NitroDocument::read(*document), "a document");
                must(attest::verify_nitro(parsed, root->certificate, at), "a document");
            }};
}

Subject nvidia_subject() {
    const std::string folder = "nvidia-gpu/hopper-h100-590";
    const auto report = std::make_shared<Bytes>(load(folder + "/evidence.bin"));
    const auto chain = std::make_shared<Bytes>(load(folder + "/chain.pem"));
    const auto root = std::make_shared<Root>(attest::builtin_roots().nvidia);
    const UnixMs at = time_of(folder);
    return {
        .name = "nvidia_cold", .signatures = {.p384 = 5}, .verify = [=](std::size_t /*thread*/) {
            const auto parsed = must(attest::NvidiaReport::read(*report), "a report");
            must(attest::verify_nvidia_gpu(parsed,
                                           {.certificate_chain = *chain, .evidence_file = {}},
                                           root->certificate,
                                           std::nullopt,
                                           at),
                 "a report");
        }};
}

/// Kinds without a bar of their own, through the steps that all kinds share.
Subject subject_of(const std::string& kind, const std::string& name, SignatureCounts signatures) {
    const auto roots = std::make_shared<attest::Roots>(attest::builtin_roots());
    const testing::EvidenceCase evidence(name);
    const auto bundle = std::make_shared<attest::EvidenceBundle>(evidence.bundle());
    const UnixMs at = evidence.verify_at();
    return {
        .name = kind + "_cold", .signatures = signatures, .verify = [=](std::size_t /*thread*/) {
            const auto parsed = must(attest::ParsedEvidence::read(*bundle), "evidence");
            must(attest::SignedEvidence::verify(parsed, *roots, at), "evidence");
        }};
}

/// Wall time of one of `operation`, when two threads do it at once.
double on_two_threads(const std::function<void(std::size_t thread)>& operation) {
    const auto work = [&](std::size_t thread) {
        for (std::size_t i = 0; i < kPerThread; ++i) {
            operation(thread);
        }
    };
    const auto start = SteadyClock::now();
    std::thread other(work, 1);
    work(0);
    other.join();
    return microseconds_since(start) / (kThreads * kPerThread);
}

Json measure_subject(const Subject& subject, const SignatureFloor& floor, std::size_t rounds) {
    const auto bare = [&](std::size_t /*thread*/) { floor.verify(subject.signatures); };
    // Caches are filled, ours and the machine's.
    subject.verify(0);
    subject.verify(1);
    bare(0);
    Paired one;
    Paired two;
    const std::size_t before = allocations().count;
    subject.verify(0);
    const std::size_t allocated = allocations().count - before;
    for (std::size_t i = 0; i < rounds; ++i) {
        one.floor_block(1, [&] { bare(0); });
        const auto start = SteadyClock::now();
        subject.verify(0);
        one.ours.add(microseconds_since(start));
    }
    for (std::size_t i = 0; i < rounds / kPerThread + 1; ++i) {
        two.floor.add(on_two_threads(bare));
        two.ours.add(on_two_threads(subject.verify));
    }
    return {
        {"one_thread", one.to_json()}, {"two_threads", two.to_json()}, {"allocations", allocated}};
}

}  // namespace

Json measure_attest(const Arguments& arguments) {
    const std::size_t rounds = arguments.number("--rounds");
    const SignatureFloor floor;
    const std::string only = arguments.text("--only", "");
    Json out;
    for (const Subject& subject :
         {dcap_subject("tdx", "google-v5-uptodate-2026-02"),
          dcap_subject("sgx", "automata-icelake-2025-08"),
          dcap_warm_subject("tdx", "google-v5-uptodate-2026-02"),
          dcap_warm_subject("sgx", "automata-icelake-2025-08"),
          snp_subject(),
          nitro_subject(),
          nvidia_subject(),
          subject_of(
              "android", "android-key/pixel9a-strongbox-ec-2026-root", {.p256 = 2, .p384 = 2}),
          subject_of("psa", "psa/tfm-psa-2.0.0-sign1", {.p256 = 1}),
          subject_of("cca", "cca/tfa-token-01", {.p384 = 2}),
          subject_of("tpm", "tpm/trustee-swtpm", {.rsa2048 = 1}),
          // The quote of the virtual TPM, and the report inside.
          subject_of("azure",
                     "azure-vtpm/snp-milan-challenge",
                     {.p384 = 1, .rsa2048 = 1, .rsa4096 = 2})}) {
        if (only.empty() || subject.name == only) {
            out[subject.name] = measure_subject(subject, floor, rounds);
        }
    }
    return out;
}

Json measure_attest_parse(const Arguments& arguments) {
    const std::size_t rounds = arguments.number("--rounds");
    const DcapCase evidence("tdx", "google-v5-uptodate-2026-02");
    const Bytes& info = evidence.files.at("tcb_info.json");
    const Bytes& identity = evidence.files.at("qe_identity.json");
    const std::size_t bytes = evidence.quote.size() + info.size() + identity.size();
    Samples samples;
    for (std::size_t i = 0; i < rounds; ++i) {
        const auto start = SteadyClock::now();
        must(attest::DcapQuote::read(evidence.quote), "a quote");
        const auto signed_info =
            must(attest::SignedJson::read(as_text(info), "tcbInfo"), "TCB info");
        must(attest::TcbInfo::read(signed_info.body), "TCB info");
        const auto signed_identity =
            must(attest::SignedJson::read(as_text(identity), "enclaveIdentity"), "QE identity");
        must(attest::QeIdentity::read(signed_identity.body), "QE identity");
        samples.add(microseconds_since(start));
    }
    return {{"bytes", bytes}, {"us", samples.quantile(0.5)}};
}

}  // namespace chatmcp::bench
