// The first object of the read-only data: its address must not be equal to a null pointer.

extern const unsigned char first[];
const unsigned char first[] = {1, 2, 3, 4};

extern "C" unsigned long entrypoint(const unsigned char* input) {
    const unsigned char* volatile address = first;
    return address == nullptr ? 1 : address[input[0] & 3];
}
