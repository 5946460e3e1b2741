// Spikes of a stream, counted where they are produced: words that are not zero, then set bits of
// each plane, the first plane first.
#ifndef SPIKELOOM_TALLY_HPP
#define SPIKELOOM_TALLY_HPP

#include "types.hpp"

namespace spikeloom {

template <int T>
class Tally {
public:
    Tally() {
#pragma HLS ARRAY_PARTITION variable=counted.lane type=complete
        for (int n = 0; n <= T; ++n) counted.lane[n] = 0;
    }

    template <int N>
    void add(const Lanes<ap_uint<T>, N>& words) {
#pragma HLS INLINE
        for (int n = 0; n < N; ++n) {
#pragma HLS UNROLL
            if (words.lane[n]) counted.lane[0] = counted.lane[0] + Bit(1);
            for (int plane = 0; plane < T; ++plane) {
#pragma HLS UNROLL
                if (words.lane[n][T - 1 - plane])
                    counted.lane[1 + plane] = counted.lane[1 + plane] + Bit(1);
            }
        }
    }

    // Words with all of their steps, on their way: behind those that were run the silent ones, the
    // sign turned, counted.
    template <int N>
    void pass(const Lanes<ap_uint<T>, N>& words, int silent, int sign, Stream<ap_uint<T>, N>& o) {
#pragma HLS INLINE
        Lanes<ap_uint<T>, N> out;
#pragma HLS ARRAY_PARTITION variable=out.lane type=complete
        for (int n = 0; n < N; ++n) {
#pragma HLS UNROLL
            out.lane[n] = (words.lane[n] << silent) ^ ap_uint<T>(sign);
        }
        add(out);
        o.write(out);
    }

    void send(Counts<1 + T>& o) const { o.write(counted); }

private:
    Lanes<Count, 1 + T> counted;
};

}  // namespace spikeloom

#endif
