// A load that extends the sign, which eBPF has from v4 on.

extern "C" unsigned long entrypoint(const signed char* input) {
    return static_cast<unsigned long>(static_cast<long>(input[0]));
}
