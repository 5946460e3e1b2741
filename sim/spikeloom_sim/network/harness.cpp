// The functions of the shared library. `models.inc`, written by verilate.py, lists the models: MODEL(index, class).
#include "harness.h"

#define MODEL(index, name) \
    spikeloom::Base* open_##index(const spikeloom::Job&);
#include "models.inc"
#undef MODEL

using spikeloom::Base;

SPIKELOOM_EXPORT Base* spikeloom_open(int32_t model, const spikeloom::Job* job) {
    switch (model) {
#define MODEL(index, name) \
    case index: return open_##index(*job);
#include "models.inc"
#undef MODEL
    default: return nullptr;
    }
}

SPIKELOOM_EXPORT int32_t spikeloom_run(Base* runner, double seconds) { return runner->run(seconds); }

SPIKELOOM_EXPORT uint64_t spikeloom_counter(Base* runner, uint32_t address) { return runner->counter(address); }

SPIKELOOM_EXPORT void spikeloom_wait(Base* runner, int64_t cycles) { runner->wait(cycles); }

// Cycles, input beats and output values so far.
SPIKELOOM_EXPORT void spikeloom_progress(const Base* runner, int64_t* into) {
    into[0] = runner->cycle;
    into[1] = runner->sent;
    into[2] = runner->received;
}

SPIKELOOM_EXPORT void spikeloom_close(Base* runner) { delete runner; }
