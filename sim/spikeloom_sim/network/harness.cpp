// The functions of the shared library.
#include <map>

#include "files.h"
#include "harness.h"

using spikeloom::Base;

namespace spikeloom {

static std::map<int32_t, Open>& openers() {
    static std::map<int32_t, Open> found;
    return found;
}

Registered::Registered(int32_t model, Open open) { openers()[model] = open; }

}  // namespace spikeloom

SPIKELOOM_EXPORT Base* spikeloom_open(int32_t model, const spikeloom::Job* job) {
    const auto found = spikeloom::openers().find(model);
    spikeloom::rtl_folder = job->folder;
    return found == spikeloom::openers().end() ? nullptr : found->second(*job);
}

SPIKELOOM_EXPORT int32_t spikeloom_run(Base* runner, double seconds) {
    return runner->run(seconds);
}

SPIKELOOM_EXPORT uint64_t spikeloom_counter(Base* runner, uint32_t address) {
    return runner->counter(address);
}

SPIKELOOM_EXPORT void spikeloom_wait(Base* runner, int64_t cycles) { runner->wait(cycles); }

// Cycles, input beats and output values so far.
SPIKELOOM_EXPORT void spikeloom_progress(const Base* runner, int64_t* into) {
    into[0] = runner->cycle;
    into[1] = runner->sent;
    into[2] = runner->received;
}

SPIKELOOM_EXPORT void spikeloom_close(Base* runner) { delete runner; }
