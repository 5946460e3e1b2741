// The rules of AXI that an interface must keep, as far as its own signals show. The first breach is
// kept.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <string>

namespace spikeloom::board {

class Rules {
    std::string first;

public:
    int64_t cycle = 0;

    const char* breach() const { return first.empty() ? nullptr : first.c_str(); }
    bool kept() const { return first.empty(); }

    __attribute__((format(printf, 2, 3))) void broken(const char* format, ...) {
        if (!first.empty()) return;
        char text[256];
        std::va_list arguments;
        va_start(arguments, format);
        std::vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        first = "cycle " + std::to_string(cycle) + ": " + text;
    }

    void forget() { first.clear(); }
};

// What a channel carries must not change, nor be taken back, while it waits for ready.
template <class Payload>
class Held {
    Payload before{};
    bool waiting = false;

public:
    // The payload is asked for only where there is one.
    template <class Get>
    void look(Rules& rules, const char* channel, bool valid, bool ready, Get get) {
        if (!valid) {
            if (waiting) rules.broken("%s: valid was taken back before ready", channel);
            waiting = false;
            return;
        }
        if (!waiting && ready) return;
        const Payload now = get();
        if (waiting && !(now == before))
            rules.broken("%s: changed while it waited for ready", channel);
        before = now;
        waiting = !ready;
    }

    void forget() { waiting = false; }
};

// Payload of an address channel.
struct Request {
    uint64_t address = 0;
    uint32_t length = 0, size = 0, burst = 0, cache = 0, protection = 0;

    bool operator==(const Request& other) const {
        return address == other.address && length == other.length && size == other.size &&
               burst == other.burst && cache == other.cache && protection == other.protection;
    }

    // What both ports of the boards take: AXI3 ends a burst at 16 beats, and nothing may cross 4
    // KiB.
    void check(Rules& rules, const char* channel, uint32_t width) const {
        const auto at = static_cast<unsigned long long>(address);
        const uint64_t bytes = uint64_t(length + 1) * width;
        if (length > 15)
            rules.broken("%s: %u beats at 0x%llx, 16 are the most", channel, length + 1, at);
        if (burst != 1)
            rules.broken("%s: burst type %u at 0x%llx, only INCR (1) is taken", channel, burst, at);
        if ((1u << size) != width)
            rules.broken(
                "%s: beats of %u bytes at 0x%llx, the port has %u", channel, 1u << size, at, width
            );
        if (address % width)
            rules.broken("%s: address 0x%llx is no multiple of %u", channel, at, width);
        if (address / 4096 != (address + bytes - 1) / 4096)
            rules.broken("%s: %u beats at 0x%llx cross 4 KiB", channel, length + 1, at);
        if (cache != 3) rules.broken("%s: cache is %u at 0x%llx, expected 3", channel, cache, at);
        if (protection != 0)
            rules.broken("%s: prot is %u at 0x%llx, expected 0", channel, protection, at);
    }
};

}  // namespace spikeloom::board
