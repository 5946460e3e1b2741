// What the model of the processing system (ps7/*.v) says that it saw, where the bench has one: an
// output `breach`.
#pragma once

#include <cstdint>

namespace spikeloom::board {

inline const char* ps7_breach(uint32_t code) {
    switch (code) {
        case 1:
            return "MAXIGP0: read data that nothing asked for";
        case 2:
            return "MAXIGP0: RID is not ARID";
        case 3:
            return "MAXIGP0: RLAST is not at the last beat, and there alone";
        case 4:
            return "MAXIGP0: read data changed while it waited for ready";
        case 5:
            return "MAXIGP0: a constant register was read in a burst with another value";
        case 6:
            return "MAXIGP0: a constant register was answered with an error";
        case 7:
            return "MAXIGP0: a write response that nothing asked for";
        case 8:
            return "MAXIGP0: BID is not AWID";
        case 9:
            return "MAXIGP0: a write response changed while it waited for ready";
        case 32:
            return "SAXIHP0: WID is not AWID";
        case 33:
            return "SAXIHP0: WID changed within a burst";
        case 34:
            return "SAXIHP0: a lock or a quality of service other than 0";
        case 35:
            return "SAXIHP0: an ID changed while it waited for ready";
        default:
            return "an unknown breach";
    }
}

template <class Model>
auto breach_of(const Model& top, int) -> decltype(static_cast<uint32_t>(top.breach)) {
    return top.breach;
}

template <class Model>
uint32_t breach_of(const Model&, long) {
    return 0;
}

}  // namespace spikeloom::board
