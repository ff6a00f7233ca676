// A swap of bytes whatever the machine's order, which eBPF has from v4 on.

extern "C" unsigned long entrypoint(const unsigned long* input) {
    return __builtin_bswap64(input[0]);
}
