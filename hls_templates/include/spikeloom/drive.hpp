// The drive of a neuron: u = (+-v << f) + beta, after the sum has been moved up by the planes that
// were not run.
#ifndef SPIKELOOM_DRIVE_HPP
#define SPIKELOOM_DRIVE_HPP

#include "horner.hpp"

namespace spikeloom {

// v * BASE^places: missing planes are zero, and are multiplied by the base all the same.
template <int BASE, int MOST, int W>
ap_int<W> whole(ap_int<W> v, int places) {
#pragma HLS INLINE
    for (int place = 0; place < MOST; ++place) {
#pragma HLS UNROLL
        if (place < places) v = v * ap_int<6>(BASE);
    }
    return v;
}

// +-v << f, in the bits of the drive.
template <class P>
ap_int<P::u_width> driven(ap_int<P::acc_width> v, Bit negate, int places) {
#pragma HLS INLINE
    const ap_int<P::acc_width> all = whole<P::i_base, P::most_places>(v, places);
    const ap_int<P::acc_width + 1> turned = negate ? ap_int<P::acc_width + 1>(-all)
        : ap_int<P::acc_width + 1>(all);
    return ap_int<P::u_width>(turned) << P::shift;
}

// What a head takes: sums, or with a residual drives without their bias.
template <class P>
struct Taken {
    static constexpr int width = P::joined ? P::u_width : P::acc_width;
    static constexpr int lanes = P::windows * P::elements;
    using Words = Lanes<ap_int<width>, lanes>;
};

template <class P>
ap_int<P::u_width> drive(ap_int<Taken<P>::width> taken, Bit negate, ap_int<P::beta_width> beta,
    int places) {
#pragma HLS INLINE
    if (P::joined) return ap_int<P::u_width>(taken) + beta;
    return driven<P>(taken, negate, places) + beta;
}

}  // namespace spikeloom

#endif
