#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "attest/android_key_description.h"
#include "attest/certificate.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace chatmcp::attest {

/// The chain of a key that an Android device made, leaf first. It borrows the certificates from
/// itself: it moves and does not copy. Nothing in it has been verified.
struct AndroidKeyChain {
    std::vector<Bytes> der;
    std::vector<Certificate> certificates;
    AndroidKeyDescription description;  // Of the leaf.

    AndroidKeyChain() = default;
    AndroidKeyChain(AndroidKeyChain&&) = default;
    AndroidKeyChain& operator=(AndroidKeyChain&&) = default;
    AndroidKeyChain(const AndroidKeyChain&) = delete;
    AndroidKeyChain& operator=(const AndroidKeyChain&) = delete;
    ~AndroidKeyChain() = default;

    /// `pem`: certificates, leaf first, root last.
    ///
    /// Errors: those of certificates_of_pem, Certificate::read and AndroidKeyDescription::read;
    ///         malformed (ATT-180) fewer than three certificates; wrong_purpose (ATT-186) no key
    ///         description in the leaf, or one in another certificate: whoever holds an attested
    ///         key could sign a further certificate with it.
    [[nodiscard]] static Result<AndroidKeyChain> read(ByteView pem);
};

/// How the key that vouches for a device's keys got there.
enum class AndroidProvisioning : std::uint8_t { factory, remote };

/// What a chain claims, once it is verified.
struct AndroidKeyClaims {
    Bytes description;             // The extension, which AndroidKeyDescription reads.
    AndroidSecurityLevel level{};  // The lower one of key and attestation.
    Bytes challenge;
    Bytes public_key;  // SubjectPublicKeyInfo of the attested key.
    std::optional<AndroidBootState> boot_state;
    bool device_locked = false;
    std::optional<std::uint32_t> os_patch_level;  // YYYYMM
    AndroidProvisioning provisioning{};
    std::vector<std::string> serials;  // Of all certificates, as the status list writes them.
    Bytes root_key;                    // SHA-256 of its SubjectPublicKeyInfo.
    bool revocation_checked = false;
};

/// Verify a chain as Google's verifier does: names, signatures and authorities up to a root's key;
/// the leaf's dates are the device's own and say nothing, those of a factory's certificates may
/// have passed while the device lives, those of remote provisioning count. The certificate above
/// the leaf may lack the mark of an authority: some makers left it out.
///
/// `roots`: Google's, or a test's; editions of one root differ in all but their key.
/// `status_list`: Google's JSON of revoked serial numbers; absent: nobody looked.
///
/// Errors: untrusted_identity (ATT-184) a root that is not trusted; wrong_key (ATT-181) names that
///         do not chain; bad_signature (ATT-182); invalid_argument (ATT-183) an issuer that is no
///         authority; expired, not_yet_valid (ATT-185); unsupported (ATT-192) a critical extension
///         that is not known; malformed (ATT-191) the status list; untrusted_identity (ATT-189) a
///         certificate is on it; those of VerificationKey.
/// Cost:   one signature for each certificate.
/// Spec:   developer.android.com, "Verify hardware-backed key pairs with key attestation".
[[nodiscard]] Result<AndroidKeyClaims> verify_android_key(const AndroidKeyChain& chain,
                                                          std::span<const Certificate> roots,
                                                          std::optional<ByteView> status_list,
                                                          UnixMs at);

}  // namespace chatmcp::attest
