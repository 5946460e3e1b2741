// Numbers at random, the same ones for the same seed, and pauses made of them.
#pragma once

#include <cstdint>

namespace spikeloom {

struct Random {  // xorshift64*
    uint64_t state;
    uint32_t next() {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return static_cast<uint32_t>((state * 0x2545F4914F6CDD1DULL) >> 32);
    }
};

// Pauses of random length at random times.
struct Pauses {
    Random random;
    uint32_t chance, burst;
    uint32_t left = 0;
    bool pause() {
        if (!chance) return false;
        if (left) return --left, true;
        if (random.next() >= chance) return false;
        left = random.next() % burst;
        return true;
    }
};

}  // namespace spikeloom
