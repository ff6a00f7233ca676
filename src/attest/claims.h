#pragma once

#include <optional>
#include <variant>

#include "attest/android_key.h"
#include "attest/azure_vtpm.h"
#include "attest/cca.h"
#include "attest/dcap.h"
#include "attest/explained_log.h"
#include "attest/kind.h"
#include "attest/nitro.h"
#include "attest/nvidia_gpu.h"
#include "attest/psa.h"
#include "attest/sev_snp.h"
#include "attest/tpm_quote.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "wire/evidence.h"

namespace chatmcp::attest {

/// What only the simulated platform says.
struct SimulatedClaims {
    wire::MeasuredDigests digests;
    std::uint32_t sandbox_layers = 0;
    ByteArray<crypto::kEd25519PublicBytes> root_key{};
    wire::RootFingerprint root{};
};

/// What evidence claims, in one form for all kinds.
struct Claims {
    Kind kind = Kind::simulated;
    /// One number for the program: docs/attestation.md says for each kind what it is made of.
    wire::Measurement measurement{};
    /// Of kinds that measure it by itself; others are bound to it by their report data.
    std::optional<crypto::Sha256Digest> configuration_digest;
    Bytes report_data;             // What the program asked to be signed; at most 1024 bytes.
    std::optional<Bytes> nonce;    // Where it has a place of its own.
    std::optional<Bytes> host;     // Which machine: PPID, chip, instance or device.
    std::optional<UnixMs> issued;  // Many quotes have no time.
    std::optional<UnixMs> collateral_issued;  // Of the oldest document.
    crypto::Sha256Digest evidence_digest{};   // SHA-256 of what was read.
    std::variant<SimulatedClaims,
                 DcapClaims,
                 SnpClaims,
                 NitroClaims,
                 PsaClaims,
                 CcaClaims,
                 TpmClaims,
                 AzureVtpmClaims,
                 NvidiaGpuClaims,
                 AndroidKeyClaims>
        details;
    std::optional<ExplainedLog> event_log;  // Where one lies beside the evidence.
};

}  // namespace chatmcp::attest
