// A comparison of 32 bits, which clang makes with -mcpu=v3 of one jump that sBPF v0 does not know.

extern "C" unsigned long entrypoint(const unsigned* input) {
    return input[0] > input[1] ? 7 : 8;
}
