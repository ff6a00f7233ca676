// Sums, differences and products of 32 bits that are widened: right with -mcpu=v2 alone.

using u64 = unsigned long;
using u32 = unsigned;

extern "C" void sol_log_64_(u64 a, u64 b, u64 c, u64 d, u64 e);

extern "C" u64 entrypoint(const unsigned char* input) {
    const u32 a = *reinterpret_cast<const u32*>(input);
    const u32 b = *reinterpret_cast<const u32*>(input + 4);
    sol_log_64_(a + b, a - b, a * b, 0, 0);
    return 0;
}
