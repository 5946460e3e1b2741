// A neuron that rests for one time step after each spike.
#ifndef SPIKELOOM_RESTING_HPP
#define SPIKELOOM_RESTING_HPP

#include "drive.hpp"
#include "tally.hpp"

namespace spikeloom {

template <class P, int BETAS, int ROWS>
void resting(
    hls::stream<typename Taken<P>::Words>& i,
    const ap_int<P::beta_width> (&beta)[BETAS][ROWS][P::neurons],
    const Bit (&negate)[ROWS][P::neurons], const ap_int<P::theta_width> (&theta)[ROWS][P::neurons],
    int run, int places, int live, Stream<ap_uint<P::o_steps>, Taken<P>::lanes>& o,
    Counts<1 + P::o_steps>& tallies
) {
    using G = Geometry<P>;
    constexpr int groups = P::elements / P::neurons;
    const int silent = P::o_steps - live;
    Tally<P::o_steps> tally;
    typename Taken<P>::Words held;
    Lanes<ap_uint<P::o_steps>, Taken<P>::lanes> words;
    Lanes<ap_int<P::u_width>, Taken<P>::lanes> membrane;
    Lanes<Bit, Taken<P>::lanes> fired;
    int t = 0, group = 0, fold = 0;
    for (int step = 0; step < G::positions * G::folds * groups * live; ++step) {
#pragma HLS PIPELINE II=1
        if (group == 0 && (P::per_step || t == 0)) held = i.read();
        const int row = fold * groups + group;
        for (int n = 0; n < P::windows * P::neurons; ++n) {
#pragma HLS UNROLL
            const int unit = n % P::neurons,
                      lane = n / P::neurons * P::elements + group * P::neurons + unit;
            const ap_int<P::u_width> u =
                drive<P>(held.lane[lane], negate[row][unit], beta[run % BETAS][row][unit], places);
            const ap_int<P::u_width> m = t == 0 ? ap_int<P::u_width>(0) : membrane.lane[lane];
            const ap_int<P::u_width> charged = m + u, threshold = theta[row][unit];
            const bool fires = charged >= threshold && (t == 0 || fired.lane[lane] == Bit(0));
            membrane.lane[lane] = fires ? ap_int<P::u_width>(0) : charged;
            fired.lane[lane] = Bit(fires);
            const ap_uint<P::o_steps> before = t == 0 ? ap_uint<P::o_steps>(0) : words.lane[lane];
            words.lane[lane] = (before << 1) | Bit(fires);
        }
        if (t == live - 1 && group == groups - 1) tally.pass(words, silent, 0, o);
        if (wraps(group, groups) && wraps(t, live)) wraps(fold, G::folds);
    }
    tally.send(tallies);
}

}  // namespace spikeloom

#endif
