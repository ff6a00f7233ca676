#include "attest/roots.h"

#include <string_view>

#include "base/check.h"
#include "base/encoding.h"

namespace chatmcp::attest {
namespace {

// Ed25519 public keys whose seeds anybody can look up.
constexpr std::string_view kPublishedKeys[] = {
    // RFC 8032 section 7.1, TEST 1, 2, 3, 1024 and SHA(abc).
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
    "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
    // The seed of 32 zero bytes: what a generator gives that was never seeded.
    "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29",
    // The seed SHA-256("development root"): the quote in docs/formats.md.
    "e4ddc80392528f911a2bc85c61561ef490b438c1bbd29be51c50b9557fdc7ffa",
};

// SHA-256 over SubjectPublicKeyInfo, or over a symmetric key as HMAC pads it, of keys that test
// software of Arm's platforms signs with (tests/vectors/evidence, kinds psa and cca).
constexpr std::string_view kPublishedSpki[] = {
    "0928f896cb02326566530a62a1e36329a12d0a4a308f4fc81e8ff5560bca6bca",
    "51b944cdfa544d4c3273aa6bf350625a7dd53bbb6a71723274f538b19a207760",
    "7b1a17147ca907e16cad79901fef13991ec6206e3d148b657068ad6c4cba4626",
    "45d852b8ab34e60e66d904c289f945edadf3de2446e8eaf61df17333ac5fd8e2",
    "5a2ee506e027a7d8bafe7a5dc83d1d5e64f068bd838fd9030cee8be9f635c23a",
    "4819f2a9df4471026ba4d5a85c1fe551427da1e59909790c49f78243a7ff4585",
};

// makers/PROVENANCE.md
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
constexpr std::uint8_t kIntelSgxRoot[] = {
#embed "makers/intel-sgx-root-ca.der"
};
constexpr std::uint8_t kAmdGenoaArk[] = {
#embed "makers/amd-genoa-ark.der"
};
constexpr std::uint8_t kAmdMilanArk[] = {
#embed "makers/amd-milan-ark.der"
};
constexpr std::uint8_t kAmdTurinArk[] = {
#embed "makers/amd-turin-ark.der"
};
constexpr std::uint8_t kAmdGenoaAsk[] = {
#embed "makers/amd-genoa-ask.der"
};
constexpr std::uint8_t kAmdGenoaAsvk[] = {
#embed "makers/amd-genoa-asvk.der"
};
constexpr std::uint8_t kAmdMilanAsk[] = {
#embed "makers/amd-milan-ask.der"
};
constexpr std::uint8_t kAmdMilanAsvk[] = {
#embed "makers/amd-milan-asvk.der"
};
constexpr std::uint8_t kAmdTurinAsk[] = {
#embed "makers/amd-turin-ask.der"
};
constexpr std::uint8_t kAmdTurinAsvk[] = {
#embed "makers/amd-turin-asvk.der"
};
constexpr std::uint8_t kAwsNitroRootG1[] = {
#embed "makers/aws-nitro-root-g1.der"
};
constexpr std::uint8_t kAzureVtpmRoot2023[] = {
#embed "makers/azure-vtpm-root-2023.der"
};
constexpr std::uint8_t kGoogleAndroidRootEc2025[] = {
#embed "makers/google-android-root-ec-2025.der"
};
constexpr std::uint8_t kGoogleAndroidRootRsa[] = {
#embed "makers/google-android-root-rsa.der"
};
constexpr std::uint8_t kGoogleEkAkCaRoot[] = {
#embed "makers/google-ek-ak-ca-root.der"
};
constexpr std::uint8_t kGoogleTpmEkRoot1[] = {
#embed "makers/google-tpm-ek-root-1.der"
};
constexpr std::uint8_t kNvidiaDeviceIdentityCa[] = {
#embed "makers/nvidia-device-identity-ca.der"
};
#pragma clang diagnostic pop

}  // namespace

Result<std::vector<Certificate>> read_roots(std::span<const Bytes> certificates) {
    std::vector<Certificate> out;
    for (const Bytes& der : certificates) {
        CHATMCP_TRY(out.emplace_back(), Certificate::read(der));
    }
    return out;
}

Roots builtin_roots() {
    Roots roots;
    for (const std::string_view text : kPublishedKeys) {
        const auto key = from_hex(text);
        CHATMCP_CHECK(key.has_value());
        roots.published_keys.push_back(to_array<crypto::kEd25519PublicBytes>(*key));
    }
    for (const std::string_view text : kPublishedSpki) {
        const auto fingerprint = from_hex(text);
        CHATMCP_CHECK(fingerprint.has_value());
        roots.published_spki.push_back(to_array<crypto::kSha256Bytes>(*fingerprint));
    }
    roots.intel_sgx = to_bytes(kIntelSgxRoot);
    roots.amd = {to_bytes(kAmdGenoaArk), to_bytes(kAmdMilanArk), to_bytes(kAmdTurinArk)};
    roots.amd_below = {to_bytes(kAmdGenoaAsk),
                       to_bytes(kAmdGenoaAsvk),
                       to_bytes(kAmdMilanAsk),
                       to_bytes(kAmdMilanAsvk),
                       to_bytes(kAmdTurinAsk),
                       to_bytes(kAmdTurinAsvk)};
    roots.aws_nitro = to_bytes(kAwsNitroRootG1);
    roots.google_android = {to_bytes(kGoogleAndroidRootEc2025), to_bytes(kGoogleAndroidRootRsa)};
    roots.tpm = {
        to_bytes(kAzureVtpmRoot2023), to_bytes(kGoogleEkAkCaRoot), to_bytes(kGoogleTpmEkRoot1)};
    roots.nvidia = to_bytes(kNvidiaDeviceIdentityCa);
    return roots;
}

}  // namespace chatmcp::attest
