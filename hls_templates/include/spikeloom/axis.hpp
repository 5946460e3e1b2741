// The ends of the network: AXI4-Stream in and out, beat for beat what the RTL core takes and gives;
// and what was counted of an image.
#ifndef SPIKELOOM_AXIS_HPP
#define SPIKELOOM_AXIS_HPP

#include <ap_axi_sdata.h>

#include "tally.hpp"

namespace spikeloom {

// One value a beat, 32 bits two's complement, the end of an image marked.
using Value = ap_axiu<32, 0, 0, 0>;

// One counter of one image: what it grows by above its address of 16 bits.
using Counted = ap_uint<64>;

// Time steps less one: 0 or too many are all of them.
inline int run_of(ap_uint<5> steps, int runs) {
#pragma HLS INLINE
    const int wanted = steps.to_int();
    return wanted == 0 || wanted > runs ? runs - 1 : wanted - 1;
}

// One image of beats: channel c's word of T bits at bits [c T, (c + 1) T).
template <int BEATS, int T, int N, int WIDTH>
void receive(hls::stream<ap_uint<WIDTH>>& i, Stream<ap_uint<T>, N>& o, Counts<1 + T>& tallies) {
    Tally<T> tally;
    for (int k = 0; k < BEATS; ++k) {
#pragma HLS PIPELINE II=1
        ap_uint<WIDTH> whole = i.read();
        Lanes<ap_uint<T>, N> beat;
#pragma HLS ARRAY_PARTITION variable=beat.lane type=complete
        for (int n = 0; n < N; ++n) {
#pragma HLS UNROLL
            beat.lane[n] = whole.range((n + 1) * T - 1, n * T);
        }
        tally.add(beat);
        o.write(beat);
    }
    tally.send(tallies);
}

// One image of values, positions row-major, channels inside.
template <int VALUES, class W>
void send(Stream<W, 1>& i, hls::stream<Value>& o) {
    for (int k = 0; k < VALUES; ++k) {
#pragma HLS PIPELINE II=1
        const W value = i.read().lane[0];
        Value beat;
        beat.data = value;
        beat.keep = 15;
        beat.strb = 15;
        beat.last = k == VALUES - 1;
        o.write(beat);
    }
}

// The counters of one process, at addresses from FIRST on.
template <int FIRST, int N>
void report(Counts<N>& i, hls::stream<Counted>& o) {
    const Lanes<Count, N> counted = i.read();
    for (int n = 0; n < N; ++n) {
#pragma HLS PIPELINE II=1
        o.write((Counted(counted.lane[n]) << 16) | Counted(FIRST + n));
    }
}

}  // namespace spikeloom

#endif
