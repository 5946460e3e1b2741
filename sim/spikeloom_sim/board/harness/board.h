// A verilated shell between a memory and a host: the cycle loop, the host's side of the register
// bus, reset.
//
// One cycle: with the clock low, inputs are set and the model settles; all handshakes are sampled;
// the clock rises.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <verilated.h>

#include "memory.h"
#include "ps7.h"

namespace spikeloom::board {

// Mirrored name by name in native.py. Responses of the bus are as they are.
enum Outcome : int32_t { NO_ANSWER = -1, BROKEN = -2 };

struct Base {
    Rules rules;
    Memory memory;
    int64_t patience = 10000;  // cycles that a register access may take
    uint32_t skew =
        0;  // of the host: most cycles between its channels, and before it takes a response

    explicit Base(uint32_t width) : memory(rules, width) {}
    virtual ~Base() = default;
    virtual void load(uint64_t seed) = 0;
    virtual void reset(int64_t cycles) = 0;
    virtual void advance(int64_t cycles) = 0;
    virtual int32_t read(uint32_t address, uint32_t* value) = 0;
    virtual int32_t write(uint32_t address, uint32_t value) = 0;
};

using Open = Base* (*)(uint64_t seed);

// Made by the code of every model when the library is loaded.
struct Registered {
    Registered(int32_t model, Open open);
};

template <class Model>
class Board final : public Base {
    static constexpr uint32_t WIDTH = sizeof(std::declval<Model>().m_axi_memory_rdata);

    struct ReadResponse {
        uint32_t data, response;
        bool operator==(const ReadResponse& other) const {
            return data == other.data && response == other.response;
        }
    };

    std::unique_ptr<VerilatedContext> context;
    std::unique_ptr<Model> top;
    Random random{1};
    Held<ReadResponse> r_held;
    Held<uint32_t> b_held;
    int asked = 0, written = 0;                                // accesses that wait for a response
    bool ar_taken = false, aw_taken = false, w_taken = false;  // in the last cycle
    bool r_taken = false, b_taken = false;
    ReadResponse answer{};
    uint32_t acknowledgement = 0;

    void sample() {
        ar_taken = top->s_axi_control_arvalid && top->s_axi_control_arready;
        aw_taken = top->s_axi_control_awvalid && top->s_axi_control_awready;
        w_taken = top->s_axi_control_wvalid && top->s_axi_control_wready;
        const bool r = top->s_axi_control_rvalid, b = top->s_axi_control_bvalid;
        if (r && !asked) rules.broken("register read: a response that nothing asked for");
        if (b && !written) rules.broken("register write: a response that nothing asked for");
        r_taken = r && top->s_axi_control_rready;
        b_taken = b && top->s_axi_control_bready;
        if (r) answer = {top->s_axi_control_rdata, top->s_axi_control_rresp};
        if (b) acknowledgement = top->s_axi_control_bresp;
        r_held.look(rules, "register read", r, top->s_axi_control_rready, [&] { return answer; });
        b_held.look(rules, "register write", b, top->s_axi_control_bready, [&] {
            return acknowledgement;
        });
    }

    void step() {
        memory.drive(*top);
        top->aclk = 0;
        top->eval();
        memory.sample(*top);
        sample();
        if (const uint32_t code = breach_of(*top, 0)) rules.broken("%s", ps7_breach(code));
        rise();
    }

    void rise() {
        top->aclk = 1;
        top->eval();
        ++rules.cycle;
    }

    void wait() {
        for (uint32_t k = skew ? random.next() % (skew + 1) : 0; k && rules.kept(); --k) step();
    }

    // Steps until a condition holds after one; whether it did in time.
    template <class Condition>
    bool until(int64_t deadline, Condition done) {
        do {
            if (rules.cycle >= deadline) return false;
            step();
        } while (!done());
        return true;
    }

    int32_t finish(bool answered, uint32_t response) const {
        return !rules.kept() ? BROKEN : answered ? static_cast<int32_t>(response) : NO_ANSWER;
    }

    void quiet() {
        top->s_axi_control_arvalid = top->s_axi_control_awvalid = top->s_axi_control_wvalid = 0;
        top->s_axi_control_rready = top->s_axi_control_bready = 0;
    }

public:
    explicit Board(uint64_t seed) : Base(WIDTH) {
        static_assert(WIDTH == 8 || WIDTH == 16, "a memory port has 64 or 128 bits");
        load(seed);
    }

    ~Board() override { top->final(); }

    // As when a bitstream is loaded: every register and every memory as it is built, then a reset.
    void load(uint64_t seed) override {
        if (top) top->final();
        top.reset();
        context = std::make_unique<VerilatedContext>();
        context->randReset(
            2
        );  // what the hardware leaves undefined is random here, so that a dependence on it shows
        context->randSeed(static_cast<int>(seed % 0x7fffffff) + 1);
        random.state = seed * 2 + 1;
        top = std::make_unique<Model>(context.get());
        top->s_axi_control_arprot = top->s_axi_control_awprot = 0;
        top->s_axi_control_wstrb = 15;
        reset(16);
    }

    // Everything that is under way on either port is lost.
    void reset(int64_t cycles) override {
        quiet();
        memory.reset(*top);
        r_held.forget();
        b_held.forget();
        asked = written = 0;
        top->aresetn = 0;
        for (int64_t k = 0; k < cycles + 2; ++k) {
            top->aresetn = k >= cycles;
            top->aclk = 0;
            top->eval();
            if (k == cycles - 1 && (top->m_axi_memory_arvalid || top->m_axi_memory_awvalid ||
                                    top->m_axi_memory_wvalid || top->s_axi_control_rvalid ||
                                    top->s_axi_control_bvalid))
                rules.broken("valid is high in reset");
            rise();
        }
    }

    void advance(int64_t cycles) override {
        for (; cycles > 0 && rules.kept(); --cycles) step();
    }

    int32_t read(uint32_t address, uint32_t* value) override {
        const int64_t deadline = rules.cycle + patience;
        top->s_axi_control_araddr = static_cast<uint16_t>(address);
        top->s_axi_control_arvalid = 1;
        bool answered = until(deadline, [&] { return ar_taken; });
        top->s_axi_control_arvalid = 0;
        asked = 1;
        wait();
        top->s_axi_control_rready = 1;
        answered = answered && until(deadline, [&] { return r_taken; });
        quiet();
        asked = 0;
        *value = answer.data;
        return finish(answered, answer.response);
    }

    int32_t write(uint32_t address, uint32_t value) override {
        const int64_t deadline = rules.cycle + patience;
        const bool data_first = skew && random.next() & 1;
        top->s_axi_control_awaddr = static_cast<uint16_t>(address);
        top->s_axi_control_wdata = value;
        int64_t other = rules.cycle + (skew ? random.next() % (skew + 1) : 0);
        bool address_taken = false, data_taken = false;
        while (!(address_taken && data_taken) && rules.cycle < deadline) {
            top->s_axi_control_awvalid = !address_taken && (!data_first || rules.cycle >= other);
            top->s_axi_control_wvalid = !data_taken && (data_first || rules.cycle >= other);
            written = 0;
            step();
            address_taken |= aw_taken;
            data_taken |= w_taken;
        }
        bool answered = address_taken && data_taken;
        quiet();
        written = 1;
        wait();
        top->s_axi_control_bready = 1;
        answered = answered && until(deadline, [&] { return b_taken; });
        quiet();
        written = 0;
        return finish(answered, acknowledgement);
    }
};

}  // namespace spikeloom::board

#define SPIKELOOM_EXPORT extern "C" __attribute__((visibility("default")))
