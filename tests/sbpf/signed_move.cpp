// A move that extends the sign, which eBPF has from v4 on.

extern "C" [[gnu::naked]] unsigned long entrypoint(const unsigned char*) {
    asm("r0 = (s8)r1\n"
        "exit\n");
}
