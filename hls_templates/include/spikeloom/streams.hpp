// What lies between the layers: windows to positions, channels per beat changed, one stream to
// several. Each takes or gives a beat an iteration, II = 1.
#ifndef SPIKELOOM_STREAMS_HPP
#define SPIKELOOM_STREAMS_HPP

#include "types.hpp"

namespace spikeloom {

// From (fold; windows side by side) to (window; folds one after the other).
template <int STEPS, int FOLDS, int WINDOWS, int ELEMENTS, class W>
void gather(Stream<W, WINDOWS * ELEMENTS>& i, Stream<W, ELEMENTS>& o) {
    for (int step = 0; step < STEPS; ++step) {
        Lanes<W, WINDOWS * ELEMENTS> held[FOLDS];
#pragma HLS AGGREGATE variable=held
        for (int fold = 0; fold < FOLDS; ++fold) {
#pragma HLS PIPELINE II=1
            held[fold] = i.read();
        }
        for (int n = 0; n < WINDOWS * FOLDS; ++n) {
#pragma HLS PIPELINE II=1
            Lanes<W, ELEMENTS> beat;
#pragma HLS ARRAY_PARTITION variable=beat.lane type=complete
            for (int e = 0; e < ELEMENTS; ++e) {
#pragma HLS UNROLL
                beat.lane[e] = held[n % FOLDS].lane[n / FOLDS * ELEMENTS + e];
            }
            o.write(beat);
        }
    }
}

// Several beats to one, the lowest channels first. BEATS are taken.
template <int BEATS, class W, int I, int O>
void widen(Stream<W, I>& i, Stream<W, O>& o) {
    static_assert(O % I == 0, "the wide beat must be a multiple of the narrow one");
    Lanes<W, O> held;
#pragma HLS ARRAY_PARTITION variable=held.lane type=complete
    for (int k = 0; k < BEATS; ++k) {
#pragma HLS PIPELINE II=1
        const Lanes<W, I> beat = i.read();
#pragma HLS ARRAY_PARTITION variable=beat.lane type=complete
        for (int n = 0; n < O - I; ++n) {
#pragma HLS UNROLL
            held.lane[n] = held.lane[n + I];
        }
        for (int n = 0; n < I; ++n) {
#pragma HLS UNROLL
            held.lane[O - I + n] = beat.lane[n];
        }
        if (k % (O / I) == O / I - 1) o.write(held);
    }
}

// One beat to several. BEATS are given.
template <int BEATS, class W, int I, int O>
void narrow(Stream<W, I>& i, Stream<W, O>& o) {
    static_assert(I % O == 0, "the wide beat must be a multiple of the narrow one");
    Lanes<W, I> held;
#pragma HLS ARRAY_PARTITION variable=held.lane type=complete
    for (int k = 0; k < BEATS; ++k) {
#pragma HLS PIPELINE II=1
        if (k % (I / O) == 0) held = i.read();
        Lanes<W, O> beat;
#pragma HLS ARRAY_PARTITION variable=beat.lane type=complete
        for (int n = 0; n < O; ++n) {
#pragma HLS UNROLL
            beat.lane[n] = held.lane[n];
        }
        o.write(beat);
        for (int n = 0; n < I - O; ++n) {
#pragma HLS UNROLL
            held.lane[n] = held.lane[n + O];
        }
    }
}

// One stream to several consumers.
template <int BEATS, class W, int N, class... More>
void fork(Stream<W, N>& i, More&... o) {
    for (int k = 0; k < BEATS; ++k) {
#pragma HLS PIPELINE II=1
        const Lanes<W, N> beat = i.read();
#pragma HLS ARRAY_PARTITION variable=beat.lane type=complete
        (o.write(beat), ...);
    }
}

}  // namespace spikeloom

#endif
