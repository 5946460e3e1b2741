// The residual join: kappa times the value of a word, accumulated plane by plane as weights are, on
// top of the layer's own drive.
//
//   skip --> planes --> kappa, Horner -+
//   i --> sign, fraction bits ---------+--> o
#ifndef SPIKELOOM_RESIDUAL_HPP
#define SPIKELOOM_RESIDUAL_HPP

#include "drive.hpp"

namespace spikeloom {

// From positions one after the other with their beats to (beat; windows side by side): the order
// that results come in.
template <class P>
void side_by_side(Stream<ap_uint<P::skip_steps>, P::elements>& i,
    Stream<ap_uint<P::skip_steps>, P::windows * P::elements>& o) {
    using G = Geometry<P>;
    for (int step = 0; step < G::positions; ++step) {
        Lanes<ap_uint<P::skip_steps>, P::windows * P::elements> held[G::folds];
#pragma HLS ARRAY_PARTITION variable=held.lane type=complete dim=2
        for (int w = 0; w < P::windows; ++w) {
            for (int fold = 0; fold < G::folds; ++fold) {
#pragma HLS PIPELINE II=1
                const Lanes<ap_uint<P::skip_steps>, P::elements> beat = i.read();
#pragma HLS ARRAY_PARTITION variable=beat.lane type=complete
                for (int e = 0; e < P::elements; ++e) {
#pragma HLS UNROLL
                    held[fold].lane[w * P::elements + e] = beat.lane[e];
                }
            }
        }
        for (int fold = 0; fold < G::folds; ++fold) {
#pragma HLS PIPELINE II=1
            o.write(held[fold]);
        }
    }
}

// kappa times what a plane has added to a value so far: base times what there was, and kappa where
// there is a spike.
template <class P>
ap_int<P::u_width> skipped(ap_int<P::u_width> before, ap_int<P::kappa_width> kappa, bool spike,
    bool first) {
#pragma HLS INLINE
    const ap_int<P::u_width> start = first ? ap_int<P::u_width>(0)
        : ap_int<P::u_width>(before * ap_int<6>(P::skip_base));
    const ap_int<P::u_width> more = spike ? ap_int<P::u_width>(kappa) : ap_int<P::u_width>(0);
    if (P::skip_signed && first) return start - more;
    return start + more;
}

// `planes`: of the skip that may hold spikes. One result a plane where the layer runs once per time
// step, else one for all of them.
template <class P, int ROWS>
void join(
    hls::stream<Result<P>>& i, Stream<ap_uint<P::skip_steps>, P::windows * P::elements>& skip,
    const Bit (&negate)[ROWS][P::elements],
    const ap_int<P::kappa_width> (&kappa)[ROWS][P::elements], int places, int skip_places,
    int planes,
    Stream<ap_int<P::u_width>, P::windows * P::elements>& o, Counts<4>& counts
) {
#pragma HLS ARRAY_RESHAPE variable=negate type=complete dim=2
#pragma HLS ARRAY_RESHAPE variable=kappa type=complete dim=2
    using G = Geometry<P>;
    constexpr int lanes = P::windows * P::elements;
    Count busy = 0, spikes = 0;
    Lanes<ap_uint<P::skip_steps>, lanes> word;
#pragma HLS ARRAY_PARTITION variable=word.lane type=complete
    Lanes<ap_int<P::u_width>, lanes> drive;
#pragma HLS ARRAY_PARTITION variable=drive.lane type=complete
    int plane = 0, row = 0;
    for (int n = 0; n < G::positions * G::folds * planes; ++n) {
#pragma HLS PIPELINE II=1
        const bool commits = P::per_step || plane == planes - 1;
        if (plane == 0) word = skip.read();
        Result<P> v;
#pragma HLS ARRAY_PARTITION variable=v.lane type=complete
        if (commits) v = i.read();
        Lanes<ap_int<P::u_width>, lanes> out;
#pragma HLS ARRAY_PARTITION variable=out.lane type=complete
        for (int lane = 0; lane < lanes; ++lane) {
#pragma HLS UNROLL
            const int e = lane % P::elements;
            const bool spike = word.lane[lane][P::skip_steps - 1 - plane];
            drive.lane[lane] =
                skipped<P>(drive.lane[lane], kappa[row][e], spike, plane == 0 || P::per_step);
            if (spike) spikes = spikes + Bit(1);
            const ap_int<P::u_width> own = driven<P>(v.lane[lane], negate[row][e], places);
            out.lane[lane] =
                own + whole<P::skip_base, P::most_skip_places>(drive.lane[lane], skip_places);
        }
        if (commits) o.write(out);
        busy = busy + Bit(1);
        if (wraps(plane, planes)) wraps(row, G::folds);
    }
    Work work;
    work.lane[0] = busy;
    work.lane[1] = work.lane[2] = 0;
    work.lane[3] = spikes;
    counts.write(work);
}

}  // namespace spikeloom

#endif
