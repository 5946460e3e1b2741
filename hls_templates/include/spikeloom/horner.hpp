// Planes to a sum: v = base v + the sum of the weights of a plane, most significant plane first. No
// multiplier.
#ifndef SPIKELOOM_HORNER_HPP
#define SPIKELOOM_HORNER_HPP

#include "line_buffer.hpp"

namespace spikeloom {

// One result: a sum for every window and element.
template <class P>
using Result = Lanes<ap_int<P::acc_width>, P::windows * P::elements>;

// What each layer is counted with: busy, stalled, starved, synaptic. A process does not see why it
// waits.
using Work = Lanes<Count, 4>;

template <class P>
void count(Count busy, Count spikes, Counts<4>& counts) {
#pragma HLS INLINE
    const int synapses = P::body == MAX ? 0 : P::body == DEPTHWISE ? 1 : P::elements;
    Work work;
    work.lane[0] = busy;
    work.lane[1] = 0;
    work.lane[2] = 0;
    work.lane[3] = spikes * ap_uint<20>(synapses);
    counts.write(work);
}

// v times the base: a shift for 2, one addition more for 3.
template <class P>
ap_int<P::acc_width> shifted(ap_int<P::acc_width> v) {
#pragma HLS INLINE
    return v * ap_int<6>(P::i_base);
}

// The sums of a plane on top of those before.
template <class P>
void accumulate(Result<P>& v, const Result<P>& sums, int plane) {
#pragma HLS INLINE
    for (int n = 0; n < P::windows * P::elements; ++n) {
#pragma HLS UNROLL
        const ap_int<P::acc_width> start =
            plane == 0 || P::per_step ? ap_int<P::acc_width>(0) : shifted<P>(v.lane[n]);
        if (P::i_signed && P::body != PARALLEL && plane == 0)
            v.lane[n] = start - sums.lane[n];
        else
            v.lane[n] = start + sums.lane[n];
    }
}

// Weights in memory: where all are +1 or -1 a bit, 1 for +1.
template <class P>
ap_int<P::weight_width> weight(ap_uint<P::stored_width> stored) {
#pragma HLS INLINE
    if (P::binary) return stored ? 1 : -1;
    return stored;
}

}  // namespace spikeloom

#endif
