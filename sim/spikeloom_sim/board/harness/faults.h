// What a memory can do wrong, and when it will.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace spikeloom::board {

// Mirrored name by name in model.py.
enum Fault : int32_t {
    NO_FAULT,
    READ_SLVERR,   // on one beat of the burst
    READ_DECERR,   // on all of them
    WRITE_SLVERR,  // nothing is written
    WRITE_DECERR,
    READ_SILENT,  // this read burst and all later ones are taken and never answered
    WRITE_SILENT,
    READ_CLOSED,     // this read request and all later ones are not even taken
    WRITE_CLOSED,    // no write request
    DATA_CLOSED,     // no write data
    LAST_EARLY,      // rlast on the last beat and on the one before
    LAST_MISSING,    // no rlast
    READ_SHORT,      // ends with rlast one beat early
    READ_LONG,       // one beat too many, rlast on that one
    SPURIOUS_READ,   // a beat of read data that nothing asked for, when nothing else is under way
    SPURIOUS_WRITE,  // a write response that nothing asked for, likewise
};

// Faults to come, each at a burst of its kind: reads or writes.
class Faults {
    struct Armed {
        Fault fault;
        int64_t after;
    };

    std::vector<Armed> armed;

    static bool on_reads(Fault fault) {
        switch (fault) {
            case WRITE_SLVERR:
            case WRITE_DECERR:
            case WRITE_SILENT:
            case WRITE_CLOSED:
            case DATA_CLOSED:
            case SPURIOUS_WRITE:
                return false;
            default:
                return true;
        }
    }

    static bool closes(Fault fault) {
        return fault == READ_CLOSED || fault == WRITE_CLOSED || fault == DATA_CLOSED;
    }

public:
    void arm(Fault fault, int64_t after) { armed.push_back({fault, after}); }

    void clear() { armed.clear(); }

    // The fault of the burst that is asked for now, one at a time. What closes a channel stays.
    Fault due(bool read) {
        Fault found = NO_FAULT;
        for (size_t k = 0; k < armed.size();) {
            Armed& one = armed[k];
            if (on_reads(one.fault) != read || one.after > 0 || closes(one.fault) ||
                found != NO_FAULT) {
                if (on_reads(one.fault) == read && one.after > 0) --one.after;
                ++k;
                continue;
            }
            found = one.fault;
            armed.erase(armed.begin() + static_cast<std::ptrdiff_t>(k));
        }
        return found;
    }

    bool closed(Fault fault) const {
        for (const Armed& one : armed)
            if (one.fault == fault && one.after == 0) return true;
        return false;
    }
};

}  // namespace spikeloom::board
