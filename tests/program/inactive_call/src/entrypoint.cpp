// A program that calls what a cluster may not have switched on: sBPF v3 is deployed all the same
// and fails when it gets there.

extern "C" {
void sol_log_(const char* text, unsigned long size_bytes);
unsigned long sol_remaining_compute_units();

unsigned long entrypoint(const unsigned char*) {
    sol_log_("before", 6);
    return sol_remaining_compute_units() > 1000 ? 0 : 1;
}
}
