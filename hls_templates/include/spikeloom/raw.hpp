// No neuron: the drive leaves as it is, as the network's integer output or as the words of its
// planes.
//
//   i --> drive --> o
#ifndef SPIKELOOM_RAW_HPP
#define SPIKELOOM_RAW_HPP

#include "drive.hpp"
#include "tally.hpp"

namespace spikeloom {

// All elements at once, II = 1.
template <class P, int BETAS, int ROWS>
void raw(
    hls::stream<typename Taken<P>::Words>& i,
    const ap_int<P::beta_width> (&beta)[BETAS][ROWS][P::elements],
    const Bit (&negate)[ROWS][P::elements], int run, int places,
    Stream<ap_int<P::u_width>, Taken<P>::lanes>& o
) {
#pragma HLS ARRAY_RESHAPE variable=beta type=complete dim=3
#pragma HLS ARRAY_RESHAPE variable=negate type=complete dim=2
    using G = Geometry<P>;
    int row = 0;
    for (int result = 0; result < G::positions * G::folds; ++result) {
#pragma HLS PIPELINE II=1
        const typename Taken<P>::Words held = i.read();
#pragma HLS ARRAY_PARTITION variable=held.lane type=complete
        Lanes<ap_int<P::u_width>, Taken<P>::lanes> out;
#pragma HLS ARRAY_PARTITION variable=out.lane type=complete
        for (int n = 0; n < Taken<P>::lanes; ++n) {
#pragma HLS UNROLL
            const int e = n % P::elements;
            out.lane[n] = drive<P>(held.lane[n], negate[row][e], beta[run % BETAS][row][e], places);
        }
        o.write(out);
        wraps(row, G::folds);
    }
}

// The lowest bits of each drive as a word of T planes.
template <class P>
void planes(
    Stream<ap_int<P::u_width>, Taken<P>::lanes>& i, Stream<ap_uint<P::o_steps>, Taken<P>::lanes>& o,
    Counts<1 + P::o_steps>& tallies
) {
    using G = Geometry<P>;
    Tally<P::o_steps> tally;
    for (int result = 0; result < G::positions * G::folds; ++result) {
#pragma HLS PIPELINE II=1
        const Lanes<ap_int<P::u_width>, Taken<P>::lanes> values = i.read();
#pragma HLS ARRAY_PARTITION variable=values.lane type=complete
        Lanes<ap_uint<P::o_steps>, Taken<P>::lanes> words;
#pragma HLS ARRAY_PARTITION variable=words.lane type=complete
        for (int n = 0; n < Taken<P>::lanes; ++n) {
#pragma HLS UNROLL
            words.lane[n] = values.lane[n];
        }
        tally.add(words);
        o.write(words);
    }
    tally.send(tallies);
}

}  // namespace spikeloom

#endif
