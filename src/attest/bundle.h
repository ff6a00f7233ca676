#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "attest/kind.h"
#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::attest {

inline constexpr std::size_t kBundleFilesMax = 32;
inline constexpr std::size_t kBundleFileMaxBytes = std::size_t{2} * 1024 * 1024;

/// Files by name, as they lie in a folder.
using NamedFiles = std::map<std::string, Bytes, std::less<>>;

/// Evidence and what lies beside it: certificates, collateral, logs. The names are those of
/// docs/attestation.md; others are left alone. Nothing has been read yet.
struct EvidenceBundle {
    Kind kind = Kind::simulated;
    Bytes evidence;
    NamedFiles beside;

    [[nodiscard]] std::optional<ByteView> file(std::string_view name) const;
};

/// What these bytes are, by their first bytes and their size.
/// Errors: unsupported (ATT-270) no evidence that is known.
[[nodiscard]] Result<Kind> kind_of_content(ByteView bytes);

/// Under which name evidence of a kind lies in a folder (docs/attestation.md).
[[nodiscard]] std::string_view evidence_file_name(Kind kind);

/// From a conceptual message: a record with the evidence alone, or a collection of one evidence and
/// endorsements, whose labels are the names of the files.
///
/// Errors: CBOR-01..07, ATT-01..04; unsupported (ATT-10) media type; wrong_purpose (ATT-11) no
///         evidence, or something else beside it than endorsements.
[[nodiscard]] Result<EvidenceBundle> bundle_of_message(ByteView conceptual_message);
/// The same backwards. Precondition (checked): within the bounds of a conceptual message.
[[nodiscard]] Bytes message_of_bundle(const EvidenceBundle& bundle);

/// From a folder's files: which of them is the evidence, names and contents say. A conceptual
/// message in it stands for itself.
///
/// `forced`: the kind that the caller says it is.
/// Errors: not_found (ATT-271) no evidence among them; too_large (ATT-272) too many files or one
///         too long; those of kind_of_content and bundle_of_message.
[[nodiscard]] Result<EvidenceBundle> bundle_of_files(NamedFiles files, std::optional<Kind> forced);
/// From one file.
[[nodiscard]] Result<EvidenceBundle> bundle_of_file(Bytes content, std::optional<Kind> forced);

}  // namespace chatmcp::attest
