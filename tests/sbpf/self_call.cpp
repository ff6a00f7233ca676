// A call of the very instruction.

extern "C" [[gnu::naked]] unsigned long entrypoint(const unsigned char*) {
    asm("call entrypoint\n"
        "exit\n");
}
