// SpikePack: T comparisons, each place of the word in turn: s = (u >= theta base^(T-t)), u -= s
// theta base^(T-t). arXiv 2501.14484.
//
//   i --> drive --> compare, subtract (T times) --> o
//
// `neurons` units of every window work side by side, group after group of the elements; one step an
// iteration, II = 1.
#ifndef SPIKELOOM_SPIKEPACK_HPP
#define SPIKELOOM_SPIKEPACK_HPP

#include "drive.hpp"
#include "tally.hpp"

namespace spikeloom {

// theta[row][unit][t] is the threshold times the place of step t; a tie flag clears a last spike
// that leaves nothing.
template <class P, int BETAS, int ROWS>
void spikepack(
    hls::stream<typename Taken<P>::Words>& i,
    const ap_int<P::beta_width> (&beta)[BETAS][ROWS][P::neurons],
    const Bit (&negate)[ROWS][P::neurons],
    const ap_int<P::theta_width> (&theta)[ROWS][P::neurons][P::o_steps],
    const Bit (&tie)[ROWS][P::neurons], int run, int places, int live,
    Stream<ap_uint<P::o_steps>, Taken<P>::lanes>& o, Counts<1 + P::o_steps>& tallies
) {
#pragma HLS ARRAY_RESHAPE variable=beta type=complete dim=3
#pragma HLS ARRAY_RESHAPE variable=negate type=complete dim=2
#pragma HLS ARRAY_RESHAPE variable=theta type=complete dim=2
#pragma HLS ARRAY_RESHAPE variable=tie type=complete dim=2
    using G = Geometry<P>;
    constexpr int groups = P::elements / P::neurons;
    const int silent = P::o_steps - live;
    Tally<P::o_steps> tally;
    typename Taken<P>::Words held;
#pragma HLS ARRAY_PARTITION variable=held.lane type=complete
    Lanes<ap_uint<P::o_steps>, Taken<P>::lanes> words;
#pragma HLS ARRAY_PARTITION variable=words.lane type=complete
    ap_int<P::u_width> left[P::windows * P::neurons];
#pragma HLS ARRAY_PARTITION variable=left type=complete
    int t = 0, group = 0, fold = 0;
    for (int step = 0; step < G::positions * G::folds * groups * live; ++step) {
#pragma HLS PIPELINE II=1
        if (t == 0 && group == 0) held = i.read();
        const int row = fold * groups + group;
        for (int n = 0; n < P::windows * P::neurons; ++n) {
#pragma HLS UNROLL
            const int unit = n % P::neurons,
                      lane = n / P::neurons * P::elements + group * P::neurons + unit;
            const ap_int<P::u_width> first =
                drive<P>(held.lane[lane], negate[row][unit], beta[run % BETAS][row][unit], places);
            const ap_int<P::u_width> u = t == 0 ? first : left[n];
            const ap_int<P::theta_width> threshold = theta[row][unit][t];
            const bool fires = u >= threshold;
            left[n] = fires ? ap_int<P::u_width>(u - ap_int<P::u_width>(threshold)) : u;
            const bool cleared = tie[row][unit] && t == P::o_steps - 1 && !left[n];
            const ap_uint<P::o_steps> before = t == 0 ? ap_uint<P::o_steps>(0) : words.lane[lane];
            words.lane[lane] = (before << 1) | Bit(fires && !cleared);
        }
        if (t == live - 1 && group == groups - 1) tally.pass(words, silent, P::o_sign, o);
        if (wraps(t, live) && wraps(group, groups)) wraps(fold, G::folds);
    }
    tally.send(tallies);
}

}  // namespace spikeloom

#endif
