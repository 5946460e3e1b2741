// The cycle loop around a verilated top. One Runner drives one model; the C functions at the end
// are what Python calls.
//
// One cycle: with the clock low, inputs are set and the model settles; valid and ready are sampled;
// the clock rises. Cycle 0 is the first one without reset.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <verilated.h>

#include "random.h"
#ifdef SPIKELOOM_WAVES
#include SPIKELOOM_WAVES_HEADER
#endif

namespace spikeloom {

enum Status : int32_t { RUNNING, DONE, HANG, WRONG_LAST, UNSTABLE, EXTRA_OUTPUT };

// Mirrored field by field in library.py.
struct Job {
    const uint8_t* beats;  // images * i_beats * beat_bytes
    int64_t* values;       // images * o_beats
    int64_t* first;        // per image: cycle of the first input transfer
    int64_t* last;         // per image: cycle of the last output transfer
    int64_t images, i_beats, o_beats, beat_bytes;
    int64_t limit;  // cycles without a transfer that count as a hang
    int64_t signed_output;
    int64_t single;  // offer an image only after the last output of the one before
    uint64_t seed;
    uint32_t idle,
        stall;       // chance per cycle, in 2^-32, that an input idle or an output stall begins
    uint32_t burst;  // its longest length in cycles
    uint32_t half_period;           // ps, for waves
    int64_t wave_first, wave_last;  // images to dump, both included
    const char* wave_path;          // null: none
    int64_t steps;                  // time steps to run; 0 for all
    const char* folder;  // of the files that memories are filled from, with its last slash
};

struct Base {
    virtual ~Base() = default;
    virtual Status run(double seconds) = 0;
    virtual uint64_t counter(uint32_t address) = 0;
    virtual void wait(int64_t cycles) = 0;
    int64_t cycle = 0, received = 0, sent = 0;  // values and beats transferred so far
};

using Open = Base* (*)(const Job&);

// Made by the code of every model when the library is loaded.
struct Registered {
    Registered(int32_t model, Open open);
};

template <class Model>
class Runner final : public Base {
    Job job;
    VerilatedContext context;
    std::unique_ptr<Model> top;
    Pauses idle, stall;
    int64_t image_in = 0, beat_in = 0, image_out = 0, beat_out = 0;
    int64_t quiet = 0;
    bool offering = false, waiting = false, waiting_last = false;
    uint32_t waiting_data = 0;
    Status status = RUNNING;
#ifdef SPIKELOOM_WAVES
    SPIKELOOM_WAVES wave;
#endif

    void dump(int half) {
#ifdef SPIKELOOM_WAVES
        const bool begun =
            image_in > job.wave_first || (image_in == job.wave_first && (offering || beat_in));
        if (job.wave_path && begun && image_out <= job.wave_last)
            wave.dump(static_cast<uint64_t>(2 * cycle + half) * job.half_period);
#else
        (void)half;
#endif
    }

    void settle() {
        top->clk = 0;
        top->eval();
        dump(0);
    }

    void rise() {
        top->clk = 1;
        top->eval();
        dump(1);
        ++cycle;
    }

    void reset() {
        top->rst = 1;
        top->s_axis_tvalid = 0;
        top->s_axis_tlast = 0;
        top->m_axis_tready = 0;
        top->counter_address = 0;
        top->counter_clear = 0;
        top->steps = static_cast<uint8_t>(job.steps);
        for (cycle = -5; cycle < 0;) {
            top->rst = cycle < -1;
            settle();
            rise();
        }
    }

    void offer() {
        if (offering) return;
        const bool more =
            image_in < job.images &&
            (!job.single ||
             image_in <= image_out);  // rows that no output needs may come after the last output
        offering = more && !idle.pause();
        top->s_axis_tvalid = offering;
        if (!offering) return;
        std::memcpy(
            &top->s_axis_tdata, job.beats + (image_in * job.i_beats + beat_in) * job.beat_bytes,
            static_cast<size_t>(job.beat_bytes)
        );
        top->s_axis_tlast = beat_in == job.i_beats - 1;
    }

    void take_input() {
        if (beat_in == 0) job.first[image_in] = cycle;
        offering = false;
        quiet = 0;
        ++sent;
        if (++beat_in == job.i_beats) beat_in = 0, ++image_in;
    }

    Status take_output(uint32_t data) {
        if (image_out == job.images || image_out > image_in ||
            (image_out == image_in && beat_in == 0))
            return EXTRA_OUTPUT;
        if (bool(top->m_axis_tlast) != (beat_out == job.o_beats - 1)) return WRONG_LAST;
        job.values[image_out * job.o_beats + beat_out] =
            job.signed_output ? int64_t(int32_t(data)) : int64_t(data);
        quiet = 0;
        ++received;
        if (++beat_out == job.o_beats) job.last[image_out] = cycle, beat_out = 0, ++image_out;
        return RUNNING;
    }

    Status step() {
        offer();
        top->m_axis_tready = !stall.pause();
        settle();
        const bool valid = top->m_axis_tvalid, last = top->m_axis_tlast;
        const uint32_t data = static_cast<uint32_t>(top->m_axis_tdata);
        if (waiting && (!valid || data != waiting_data || last != waiting_last)) return UNSTABLE;
        waiting = valid && !top->m_axis_tready;
        waiting_data = data, waiting_last = last;
        const bool input = offering && top->s_axis_tready;
        ++quiet;
        if (valid && !waiting) {
            const Status result = take_output(data);
            if (result != RUNNING) return result;
        }
        if (input) take_input();
        rise();
        if (image_out == job.images && image_in == job.images) return DONE;
        return quiet > job.limit ? HANG : RUNNING;
    }

public:
    Runner(const Job& given)
        : job(given),
          idle{{job.seed * 2 + 1}, job.idle, job.burst},
          stall{{(job.seed * 2 + 1) ^ 0x9E3779B97F4A7C15ULL}, job.stall, job.burst} {
        context.randReset(
            2
        );  // what the hardware leaves undefined is random here, so that a dependence on it shows
        context.randSeed(static_cast<int>(job.seed % 0x7fffffff) + 1);
#ifdef SPIKELOOM_WAVES
        context.traceEverOn(true);
#endif
        top = std::make_unique<Model>(&context);
        static_assert(sizeof(top->m_axis_tdata) == 4, "m_axis_tdata must be 32 bits");
#ifdef SPIKELOOM_WAVES
        if (job.wave_path) {
            top->trace(&wave, 99);
            wave.set_time_unit("1ps");
            wave.set_time_resolution("1ps");
            wave.open(job.wave_path);
        }
#endif
        std::memset(&top->s_axis_tdata, 0, sizeof(top->s_axis_tdata));
        reset();
    }

    ~Runner() override {
#ifdef SPIKELOOM_WAVES
        if (job.wave_path) wave.close();
#endif
        top->final();
    }

    Status run(double seconds) override {
        const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
        while (status == RUNNING) {
            for (int k = 0; k < 1024 && status == RUNNING; ++k) status = step();
            if (std::chrono::steady_clock::now() > end) break;
        }
        return status;
    }

    // Cycles with both ends idle; a value that shows up now is one too many.
    void wait(int64_t cycles) override {
        top->s_axis_tvalid = 0;
        top->m_axis_tready = 0;
        for (; cycles > 0; --cycles) {
            settle();
            if (status == DONE && top->m_axis_tvalid) status = EXTRA_OUTPUT;
            rise();
        }
    }

    uint64_t counter(uint32_t address) override {
        top->counter_address = static_cast<uint16_t>(address);
        wait(2);
        settle();
        return top->counter_data;
    }
};

}  // namespace spikeloom

#define SPIKELOOM_EXPORT extern "C" __attribute__((visibility("default")))
