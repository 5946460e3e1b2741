// Max pooling: the largest word of a window; of plain spike trains (base 1) whatever fired in any
// of them. The source has inverted the words of channels that take the minimum, and the signs of
// signed ones; so they order as unsigned numbers, and padding is the least of them.
//
//   q[0] --> best word so far --> inverted back --> o
#ifndef SPIKELOOM_MAX_POOL_HPP
#define SPIKELOOM_MAX_POOL_HPP

#include "horner.hpp"
#include "tally.hpp"

namespace spikeloom {

template <class P>
void max_pool(
    hls::stream<typename Queue<P>::Word> (&q)[1], const ap_uint<P::i_steps> (&flip)[P::o_channels],
    Stream<ap_uint<P::i_steps>, P::windows * P::elements>& o, Counts<4>& counts,
    Counts<1 + P::i_steps>& tallies
) {
    using G = Geometry<P>;
    Count busy = 0;
    Tally<P::i_steps> tally;
    typename Queue<P>::Word best;
#pragma HLS ARRAY_PARTITION variable=best.lane type=complete
    int k = 0, fold = 0;
    for (int n = 0; n < G::positions * G::folds * G::pass_words; ++n) {
#pragma HLS PIPELINE II=1
        const typename Queue<P>::Word word = q[0].read();
#pragma HLS ARRAY_PARTITION variable=word.lane type=complete
        Lanes<ap_uint<P::i_steps>, P::windows * P::elements> out;
#pragma HLS ARRAY_PARTITION variable=out.lane type=complete
        for (int lane = 0; lane < P::windows * P::elements; ++lane) {
#pragma HLS UNROLL
            const ap_uint<P::i_steps> before = k == 0 ? ap_uint<P::i_steps>(0) : best.lane[lane],
                                      here = word.lane[lane];
            if (P::i_base == 1)
                best.lane[lane] = before | here;
            else
                best.lane[lane] = here > before ? here : before;
            out.lane[lane] = best.lane[lane] ^ flip[fold * P::elements + lane % P::elements];
        }
        busy = busy + Bit(1);
        if (!wraps(k, G::pass_words)) continue;
        tally.add(out);
        o.write(out);
        wraps(fold, G::folds);
    }
    count<P>(busy, 0, counts);
    tally.send(tallies);
}

}  // namespace spikeloom

#endif
