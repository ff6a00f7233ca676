#pragma once

#include <span>
#include <vector>

#include "attest/certificate.h"
#include "base/bytes.h"
#include "crypto/hash.h"
#include "crypto/sign.h"

namespace chatmcp::attest {

/// The keys that signature verification starts from, per kind; an argument, so that tests bring
/// their own.
///
/// The simulated platform has no maker whose root could stand here: a quote names its development
/// root, verification proves that this root signed it, and whether anybody trusts that root is the
/// policy's to say. What stands here for it are the roots that nobody may trust.
struct Roots {
    /// Keys whose private half is public (test vectors of standards and of ours). Refused
    /// everywhere, whatever a policy says.
    std::vector<ByteArray<crypto::kEd25519PublicBytes>> published_keys;
    /// SHA-256 over SubjectPublicKeyInfo of keys of other kinds whose private half is public.
    std::vector<crypto::Sha256Digest> published_spki;
    // Certificates in DER.
    Bytes intel_sgx;         // Of SGX and TDX.
    std::vector<Bytes> amd;  // The ARK of each product line.
    std::vector<Bytes>
        amd_below;  // ASK and ASVK, for reports that come without; not trusted alone.
    Bytes aws_nitro;
    std::vector<Bytes> google_android;
    std::vector<Bytes> tpm;  // Of clouds whose machines have virtual TPMs.
    Bytes nvidia;
};

/// Certificates in DER, which outlive what is returned. Errors: those of Certificate::read.
[[nodiscard]] Result<std::vector<Certificate>> read_roots(std::span<const Bytes> certificates);

/// What programs use.
[[nodiscard]] Roots builtin_roots();

}  // namespace chatmcp::attest
