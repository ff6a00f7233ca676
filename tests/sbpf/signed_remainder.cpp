// Remainder of numbers with sign, which eBPF has from v4 on.

extern "C" unsigned long entrypoint(const long* input) {
    return static_cast<unsigned long>(input[0] % input[1]);
}
