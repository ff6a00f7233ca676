// An atomic addition, which sBPF does not know.

extern "C" unsigned long entrypoint(unsigned long* input) {
    __sync_fetch_and_add(input, 1);
    return 0;
}
