#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"

namespace chatmcp::attest {

/// What made a piece of evidence. Numbers are never reused.
enum class Kind : std::uint8_t {
    simulated = 1,
    sgx = 2,
    tdx = 3,
    sev_snp = 4,
    nitro = 5,
    cca = 6,
    psa = 7,
    android_key = 8,
    tpm = 9,
    azure_vtpm = 10,
    nvidia_gpu = 11,
};
[[nodiscard]] std::span<const Kind> all_kinds();

/// What evidence of a kind can be good for (DESIGN 8). Only `confidential` admits an agent; beside
/// it `simulated`, in companions that name the development root. A `device` is a part of a machine,
/// and says nothing about the rest of it.
enum class Class : std::uint8_t { confidential = 1, key_protection = 2, simulated = 3, device = 4 };

/// For example "sev-snp".
[[nodiscard]] std::string_view kind_name(Kind kind);
[[nodiscard]] std::string_view class_name(Class value);
[[nodiscard]] Class class_of(Kind kind);
/// Of the evidence in a conceptual message.
[[nodiscard]] std::string_view media_type_of(Kind kind);
/// Errors: unsupported (ATT-10) a media type that no kind here has.
[[nodiscard]] Result<Kind> kind_of_media_type(std::string_view media_type);
/// Errors: unsupported (ATT-10) a name that no kind here has.
[[nodiscard]] Result<Kind> kind_named(std::string_view name);

}  // namespace chatmcp::attest
