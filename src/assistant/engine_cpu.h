#pragma once

#include "base/result.h"

namespace chatmcp::assistant {

/// Instructions that llama.cpp's build uses without looking for them (x86-64-v3).
struct CpuFeatures {
    bool avx2 = false;
    bool fma = false;
    bool f16c = false;
    bool bmi2 = false;
    bool sse42 = false;
};

/// What this machine has. All of it on other architectures, which have builds of their own.
[[nodiscard]] CpuFeatures this_cpu();

/// A missing one would end the process in the middle of an answer.
///
/// Errors: unsupported (AST-03).
[[nodiscard]] Result<void> check_cpu(const CpuFeatures& cpu);

}  // namespace chatmcp::assistant
