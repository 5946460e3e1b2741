// External memory behind an AXI port without IDs: regions, bursts under way, times, and faults on
// demand.
//
// One ID means: reads are answered in the order of their requests, so are writes; reads and writes
// do not wait for each other. In each cycle drive() sets the memory's outputs from what happened
// before, sample() looks at the settled port.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <vector>

#include "../../network/random.h"
#include "faults.h"
#include "rules.h"

namespace spikeloom::board {

enum Response : uint8_t { OKAY = 0, SLVERR = 2, DECERR = 3 };

// Mirrored field by field in native.py.
struct Timing {
    int64_t latency_min, latency_max;  // cycles from a read request, or from the last beat of a
                                       // write, to the first answer
    int64_t reads, writes;             // bursts under way at most
    uint64_t seed;
    uint32_t pause, burst;  // of each channel: chance per cycle, in 2^-32, that a pause begins, and
                            // its longest length
    int32_t lazy;           // ready only after valid, never before
    int32_t shuffle;  // data is read and written at any time that the standard allows, not as soon
                      // as possible
};

struct Region {
    uint64_t base, size;
    uint8_t* data;
};

class Memory {
    static constexpr int64_t NEVER = INT64_MAX;
    static constexpr int64_t PATIENCE = 1000000;  // cycles that a response may wait for ready
    static constexpr size_t LEAD = 64;            // beats of write data taken before their request
    static constexpr uint32_t WIDEST = 16;        // bytes of a beat

    struct Ready {
        Pauses pauses{};
        bool now = false, seen = false;

        void decide(bool open, bool lazy) { now = open && !pauses.pause() && (!lazy || seen); }
        bool taken(bool valid) {
            seen = valid && !now;
            return valid && now;
        }
    };

    struct Beat {
        uint8_t data[WIDEST];
        uint32_t strobes;
        bool last;

        bool operator==(const Beat& other) const {
            return strobes == other.strobes && last == other.last &&
                   std::memcmp(data, other.data, WIDEST) == 0;
        }
    };

    struct Read {
        uint64_t address;
        uint32_t beats, answers, wrong;  // asked for, delivered, the one with SLVERR
        Fault fault;
        int64_t due;
        uint32_t done = 0;
        std::vector<uint8_t> data{};  // where it was read at once
    };

    struct Write {
        uint64_t address;
        uint32_t beats;
        Fault fault;
        bool late;
        Response response = OKAY;
        int64_t due = NEVER;
        std::vector<Beat> got{};  // where it is written at the end
        uint32_t done = 0;
    };

    Rules& rules;
    uint32_t width;
    Timing timing{};
    Random random{1};
    std::vector<Region> regions;
    Faults faults;
    size_t recent = 0;
    Ready ar, aw, w;
    Pauses r_pauses{}, b_pauses{};
    std::deque<Read> reads;
    std::deque<Write> writes;
    std::deque<Beat> lead;
    size_t complete = 0;  // writes at the front whose data is all there
    Held<Request> ar_held, aw_held;
    Held<Beat> w_held;
    bool r_offered = false, b_offered = false, r_spurious = false, b_spurious = false;
    int spurious_reads = 0, spurious_writes = 0;
    int64_t r_since = 0, b_since = 0;

    uint8_t* find(uint64_t address) {
        for (size_t k = 0; k < regions.size(); ++k) {
            const Region& region = regions[recent];
            if (address >= region.base && address - region.base + width <= region.size)
                return region.data + (address - region.base);
            recent = recent + 1 < regions.size() ? recent + 1 : 0;
        }
        return nullptr;
    }

    int64_t latency() {
        const int64_t spread = timing.latency_max - timing.latency_min;
        return timing.latency_min + (spread ? int64_t(random.next()) % (spread + 1) : 0);
    }

    void apply(Write& write, const Beat& beat, uint32_t index) {
        uint8_t* target = find(write.address + uint64_t(index) * width);
        if (!target) {
            write.response = DECERR;
            return;
        }
        if (write.fault == WRITE_SLVERR || write.fault == WRITE_DECERR) return;
        for (uint32_t k = 0; k < width; ++k)
            if (beat.strobes >> k & 1) target[k] = beat.data[k];
    }

    void take(Write& write, const Beat& beat) {
        if (beat.last != (write.done + 1 == write.beats))
            rules.broken(
                "write data: last is %d on beat %u of %u", beat.last, write.done + 1, write.beats
            );
        if (write.late)
            write.got.push_back(beat);
        else
            apply(write, beat, write.done);
        if (++write.done < write.beats) return;
        ++complete;
        if (write.fault != WRITE_SILENT) write.due = rules.cycle + latency();
    }

    void request_read(const Request& request) {
        request.check(rules, "read request", width);
        const Fault fault = faults.due(true);
        Read read{request.address, request.length + 1,     request.length + 1, UINT32_MAX,
                  fault,           rules.cycle + latency()};
        if (fault == READ_SLVERR) read.wrong = random.next() % read.beats;
        if (fault == READ_SHORT && read.beats > 1) --read.answers;
        if (fault == READ_LONG) ++read.answers;
        if (fault == READ_SILENT) read.due = NEVER;
        if (fault == SPURIOUS_READ) ++spurious_reads;
        if (timing.shuffle && random.next() & 1) {
            read.data.resize(size_t(read.answers) * width);
            for (uint32_t k = 0; k < read.answers; ++k)
                if (const uint8_t* source = find(read.address + uint64_t(k) * width))
                    std::memcpy(&read.data[size_t(k) * width], source, width);
        }
        reads.push_back(std::move(read));
        ++counts[0];
        if (int64_t(reads.size()) > counts[4]) counts[4] = int64_t(reads.size());
    }

    void request_write(const Request& request) {
        request.check(rules, "write request", width);
        const Fault fault = faults.due(false);
        if (fault == SPURIOUS_WRITE) ++spurious_writes;
        writes.push_back(
            Write{request.address, request.length + 1, fault, timing.shuffle && random.next() & 1}
        );
        ++counts[1];
        if (int64_t(writes.size()) > counts[5]) counts[5] = int64_t(writes.size());
        while (!lead.empty() && complete < writes.size()) {
            take(writes[complete], lead.front());
            lead.pop_front();
        }
    }

    bool last_of(const Read& read) const {
        switch (read.fault) {
            case LAST_MISSING:
                return false;
            case LAST_EARLY:
                return read.beats > 1 && read.done + 2 >= read.beats;
            case READ_SHORT:
                return read.beats > 1 && read.done + 1 == read.answers;
            default:
                return read.done + 1 == read.answers;
        }
    }

    template <class Model>
    void offer_read(Model& top) {
        uint8_t data[WIDEST];
        std::memset(data, 0xA5, sizeof data);
        Response response = OKAY;
        bool last = true;
        r_spurious = reads.empty();
        if (!r_spurious) {
            Read& read = reads.front();
            const uint8_t* source = find(read.address + uint64_t(read.done) * width);
            last = last_of(read);
            if (!source || read.fault == READ_DECERR)
                response = DECERR;
            else if (read.done == read.wrong)
                response = SLVERR;
            else
                std::memcpy(
                    data, read.data.empty() ? source : &read.data[size_t(read.done) * width], width
                );
        }
        std::memcpy(&top.m_axi_memory_rdata, data, width);
        top.m_axi_memory_rresp = response;
        top.m_axi_memory_rlast = last;
        top.m_axi_memory_rvalid = 1;
        r_offered = true;
        r_since = rules.cycle;
    }

    template <class Model>
    void offer_response(Model& top) {
        Response response = OKAY;
        b_spurious = !complete;
        if (!b_spurious) {
            Write& write = writes.front();
            for (uint32_t k = 0; k < write.got.size(); ++k) apply(write, write.got[k], k);
            response = write.fault == WRITE_SLVERR   ? SLVERR
                       : write.fault == WRITE_DECERR ? DECERR
                                                     : write.response;
        }
        top.m_axi_memory_bresp = response;
        top.m_axi_memory_bvalid = 1;
        b_offered = true;
        b_since = rules.cycle;
    }

    // What is not valid is rubbish, so that hardware that looks at it is found out.
    template <class Model>
    void hide_read(Model& top) {
        if (!top.m_axi_memory_rvalid) return;
        top.m_axi_memory_rvalid = 0;
        std::memset(&top.m_axi_memory_rdata, 0x5A, width);
        top.m_axi_memory_rresp = DECERR;
        top.m_axi_memory_rlast = !top.m_axi_memory_rlast;
    }

    template <class Model>
    void hide_response(Model& top) {
        top.m_axi_memory_bvalid = 0;
        top.m_axi_memory_bresp = DECERR;
    }

    template <class Model>
    static Beat beat_of(const Model& top) {
        Beat beat{};
        std::memcpy(beat.data, &top.m_axi_memory_wdata, sizeof top.m_axi_memory_wdata);
        beat.strobes = top.m_axi_memory_wstrb;
        beat.last = top.m_axi_memory_wlast;
        return beat;
    }

    template <class Model>
    static Request read_of(const Model& top) {
        return {uint64_t(top.m_axi_memory_araddr), top.m_axi_memory_arlen,
                top.m_axi_memory_arsize,           top.m_axi_memory_arburst,
                top.m_axi_memory_arcache,          top.m_axi_memory_arprot};
    }

    template <class Model>
    static Request write_of(const Model& top) {
        return {uint64_t(top.m_axi_memory_awaddr), top.m_axi_memory_awlen,
                top.m_axi_memory_awsize,           top.m_axi_memory_awburst,
                top.m_axi_memory_awcache,          top.m_axi_memory_awprot};
    }

public:
    // Read and write bursts taken; beats read and written; most reads and writes under way at once;
    // error responses given.
    int64_t counts[7] = {};

    Memory(Rules& rules, uint32_t width) : rules(rules), width(width) {}

    void configure(const Timing& given) {
        timing = given;
        random.state = (given.seed + 1) * 0x9E3779B97F4A7C15ULL | 1;
        for (Pauses* pauses : {&ar.pauses, &aw.pauses, &w.pauses, &r_pauses, &b_pauses})
            *pauses = Pauses{
                {uint64_t(random.next()) << 32 | random.next() | 1}, given.pause, given.burst
            };
    }

    void map(const Region& region) { regions.push_back(region); }

    void unmap(uint64_t base) {
        for (size_t k = 0; k < regions.size(); ++k)
            if (regions[k].base == base) {
                regions.erase(regions.begin() + static_cast<std::ptrdiff_t>(k));
                recent = 0;
                return;
            }
    }

    void inject(Fault fault, int64_t after) { faults.arm(fault, after); }

    void repair() { faults.clear(); }

    int64_t reading() const { return int64_t(reads.size()); }
    int64_t writing() const { return int64_t(writes.size() + lead.size()); }

    // As after power-up: nothing under way.
    template <class Model>
    void reset(Model& top) {
        reads.clear();
        writes.clear();
        lead.clear();
        complete = 0;
        ar.seen = aw.seen = w.seen = r_offered = b_offered = false;
        spurious_reads = spurious_writes = 0;
        ar_held.forget();
        aw_held.forget();
        w_held.forget();
        top.m_axi_memory_arready = top.m_axi_memory_awready = top.m_axi_memory_wready = 0;
        top.m_axi_memory_rvalid = top.m_axi_memory_bvalid = 0;
    }

    template <class Model>
    void drive(Model& top) {
        ar.decide(reading() < timing.reads && !faults.closed(READ_CLOSED), timing.lazy);
        aw.decide(
            int64_t(writes.size()) < timing.writes && !faults.closed(WRITE_CLOSED), timing.lazy
        );
        w.decide(lead.size() < LEAD && !faults.closed(DATA_CLOSED), timing.lazy);
        top.m_axi_memory_arready = ar.now;
        top.m_axi_memory_awready = aw.now;
        top.m_axi_memory_wready = w.now;
        if (!r_offered) {
            const bool there =
                reads.empty() ? spurious_reads > 0 : reads.front().due <= rules.cycle;
            if (there && !r_pauses.pause())
                offer_read(top);
            else
                hide_read(top);
        }
        if (!b_offered) {
            const bool there = complete ? writes.front().due <= rules.cycle
                                        : writes.empty() && spurious_writes > 0;
            if (there && !b_pauses.pause())
                offer_response(top);
            else
                hide_response(top);
        }
    }

    template <class Model>
    void sample(const Model& top) {
        ar_held.look(rules, "read request", top.m_axi_memory_arvalid, ar.now, [&] {
            return read_of(top);
        });
        aw_held.look(rules, "write request", top.m_axi_memory_awvalid, aw.now, [&] {
            return write_of(top);
        });
        w_held.look(rules, "write data", top.m_axi_memory_wvalid, w.now, [&] {
            return beat_of(top);
        });
        if (r_offered) sample_read(top);
        if (b_offered) sample_response(top);
        if (ar.taken(top.m_axi_memory_arvalid)) request_read(read_of(top));
        if (aw.taken(top.m_axi_memory_awvalid)) request_write(write_of(top));
        if (w.taken(top.m_axi_memory_wvalid)) {
            ++counts[3];
            if (complete < writes.size())
                take(writes[complete], beat_of(top));
            else
                lead.push_back(beat_of(top));
        }
    }

private:
    template <class Model>
    void sample_read(const Model& top) {
        if (!top.m_axi_memory_rready) {
            if (rules.cycle - r_since == PATIENCE)
                rules.broken(
                    "read data: not taken for %lld cycles", static_cast<long long>(PATIENCE)
                );
            return;
        }
        r_offered = false;
        if (r_spurious) {
            --spurious_reads;
            return;
        }
        ++counts[2];
        counts[6] += top.m_axi_memory_rresp != OKAY;
        if (++reads.front().done == reads.front().answers) reads.pop_front();
    }

    template <class Model>
    void sample_response(const Model& top) {
        if (!top.m_axi_memory_bready) {
            if (rules.cycle - b_since == PATIENCE)
                rules.broken(
                    "write response: not taken for %lld cycles", static_cast<long long>(PATIENCE)
                );
            return;
        }
        b_offered = false;
        if (b_spurious) {
            --spurious_writes;
            return;
        }
        counts[6] += top.m_axi_memory_bresp != OKAY;
        writes.pop_front();
        --complete;
    }
};

}  // namespace spikeloom::board
