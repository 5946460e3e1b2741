// Any monotone staircase: T comparisons with the thresholds of a table, successive approximation of
// how many are not above u.
//
//   i --> drive --> compare with threshold[bits so far] (T times) --> o
#ifndef SPIKELOOM_TABLE_HPP
#define SPIKELOOM_TABLE_HPP

#include "drive.hpp"
#include "tally.hpp"

namespace spikeloom {

// threshold[row][unit]: 2^T - 1 rising numbers; where time steps can be chosen those of each number
// of planes, found at `offset`.
template <class P, int BETAS, int ROWS, int ENTRIES>
void table(
    hls::stream<typename Taken<P>::Words>& i,
    const ap_int<P::beta_width> (&beta)[BETAS][ROWS][P::neurons],
    const Bit (&negate)[ROWS][P::neurons],
    const ap_int<P::theta_width> (&threshold)[ROWS][P::neurons][ENTRIES], int run, int places,
    int live, int offset, Stream<ap_uint<P::o_steps>, Taken<P>::lanes>& o,
    Counts<1 + P::o_steps>& tallies
) {
#pragma HLS ARRAY_RESHAPE variable=beta type=complete dim=3
#pragma HLS ARRAY_RESHAPE variable=negate type=complete dim=2
#pragma HLS ARRAY_PARTITION variable=threshold type=complete dim=2
    using G = Geometry<P>;
    constexpr int groups = P::elements / P::neurons;
    const int silent = P::o_steps - live;
    Tally<P::o_steps> tally;
    typename Taken<P>::Words held;
#pragma HLS ARRAY_PARTITION variable=held.lane type=complete
    Lanes<ap_uint<P::o_steps>, Taken<P>::lanes> words;
#pragma HLS ARRAY_PARTITION variable=words.lane type=complete
    int t = 0, group = 0, fold = 0;
    for (int step = 0; step < G::positions * G::folds * groups * live; ++step) {
#pragma HLS PIPELINE II=1
        if (t == 0 && group == 0) held = i.read();
        const int row = fold * groups + group;
        for (int n = 0; n < P::windows * P::neurons; ++n) {
#pragma HLS UNROLL
            const int unit = n % P::neurons,
                      lane = n / P::neurons * P::elements + group * P::neurons + unit;
            const ap_int<P::u_width> u =
                drive<P>(held.lane[lane], negate[row][unit], beta[run % BETAS][row][unit], places);
            const ap_uint<P::o_steps> before = t == 0 ? ap_uint<P::o_steps>(0) : words.lane[lane];
            const int half = 1 << (live - 1 - t),
                      entry = (before.to_int() << (live - t)) + half - 1;
            words.lane[lane] = (before << 1) | Bit(u >= threshold[row][unit][offset + entry]);
        }
        if (t == live - 1 && group == groups - 1) tally.pass(words, silent, P::o_sign, o);
        if (wraps(t, live) && wraps(group, groups)) wraps(fold, G::folds);
    }
    tally.send(tallies);
}

}  // namespace spikeloom

#endif
