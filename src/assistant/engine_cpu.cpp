#include "assistant/engine_cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace chatmcp::assistant {

CpuFeatures this_cpu() {
#if defined(__x86_64__)
    CpuFeatures cpu;
    cpu.avx2 = __builtin_cpu_supports("avx2");  // Says too that the kernel saves its registers.
    cpu.fma = __builtin_cpu_supports("fma");
    cpu.bmi2 = __builtin_cpu_supports("bmi2");
    cpu.sse42 = __builtin_cpu_supports("sse4.2");
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    cpu.f16c = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
    return cpu;
#else
    return {true, true, true, true, true};
#endif
}

Result<void> check_cpu(const CpuFeatures& cpu) {
    if (!cpu.avx2 || !cpu.fma || !cpu.f16c || !cpu.bmi2 || !cpu.sse42) {
        return fail(Errc::unsupported, "AST-03");
    }
    return {};
}

}  // namespace chatmcp::assistant
