// The functions of the shared library.
#include <map>

#include "../../network/files.h"
#include "board.h"

using spikeloom::board::Base;

namespace spikeloom::board {

static std::map<int32_t, Open>& openers() {
    static std::map<int32_t, Open> found;
    return found;
}

Registered::Registered(int32_t model, Open open) { openers()[model] = open; }

}  // namespace spikeloom::board

// Folder: of the files that memories are filled from, with its last slash.
SPIKELOOM_EXPORT Base* spikeloom_board_open(int32_t model, uint64_t seed, const char* folder) {
    spikeloom::rtl_folder = folder;
    const auto found = spikeloom::board::openers().find(model);
    return found == spikeloom::board::openers().end() ? nullptr : found->second(seed);
}

SPIKELOOM_EXPORT void spikeloom_board_close(Base* board) { delete board; }

SPIKELOOM_EXPORT void spikeloom_board_load(Base* board, uint64_t seed, const char* folder) {
    spikeloom::rtl_folder = folder;
    board->load(seed);
}

SPIKELOOM_EXPORT void spikeloom_board_reset(Base* board, int64_t cycles) { board->reset(cycles); }

SPIKELOOM_EXPORT void spikeloom_board_advance(Base* board, int64_t cycles) {
    board->advance(cycles);
}

SPIKELOOM_EXPORT int32_t spikeloom_board_read(Base* board, uint32_t address, uint32_t* value) {
    return board->read(address, value);
}

SPIKELOOM_EXPORT int32_t spikeloom_board_write(Base* board, uint32_t address, uint32_t value) {
    return board->write(address, value);
}

SPIKELOOM_EXPORT void spikeloom_board_host(Base* board, int64_t patience, uint32_t skew) {
    board->patience = patience;
    board->skew = skew;
}

SPIKELOOM_EXPORT void spikeloom_board_memory(Base* board, const spikeloom::board::Timing* timing) {
    board->memory.configure(*timing);
}

SPIKELOOM_EXPORT void spikeloom_board_map(
    Base* board, uint64_t base, uint64_t size, uint8_t* data
) {
    board->memory.map({base, size, data});
}

SPIKELOOM_EXPORT void spikeloom_board_unmap(Base* board, uint64_t base) {
    board->memory.unmap(base);
}

SPIKELOOM_EXPORT void spikeloom_board_inject(Base* board, int32_t fault, int64_t after) {
    board->memory.inject(static_cast<spikeloom::board::Fault>(fault), after);
}

SPIKELOOM_EXPORT void spikeloom_board_repair(Base* board) { board->memory.repair(); }

// The first rule that was broken, or null.
SPIKELOOM_EXPORT const char* spikeloom_board_breach(const Base* board) {
    return board->rules.breach();
}

SPIKELOOM_EXPORT void spikeloom_board_forgive(Base* board) { board->rules.forget(); }

SPIKELOOM_EXPORT int64_t spikeloom_board_cycles(const Base* board) { return board->rules.cycle; }

// Reads and writes under way, then Memory::counts.
SPIKELOOM_EXPORT void spikeloom_board_counts(const Base* board, int64_t* into) {
    *into++ = board->memory.reading();
    *into++ = board->memory.writing();
    for (int64_t count : board->memory.counts) *into++ = count;
}
