// A variable that begins with zeros.

unsigned long counter;

extern "C" unsigned long entrypoint(const unsigned char*) {
    return ++counter;
}
