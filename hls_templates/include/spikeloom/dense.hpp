// The bodies that take one word of every window an iteration, whatever it holds, II = 1: flags of a
// plane gate their weights (dense), whole words are multiplied by them (parallel), or each element
// has an input channel of its own (depthwise; a sum pooling is one of ones).
//
//   q[0] --> word --> gate or multiply --> add, Horner --> o
#ifndef SPIKELOOM_DENSE_HPP
#define SPIKELOOM_DENSE_HPP

#include "horner.hpp"

namespace spikeloom {

// What channel c of a word makes of a weight.
template <class P>
ap_int<P::acc_width> product(ap_int<P::weight_width> weight, ap_uint<Queue<P>::width> word) {
#pragma HLS INLINE
    if (P::body != PARALLEL) return word ? ap_int<P::acc_width>(weight) : ap_int<P::acc_width>(0);
    if (P::i_signed) return weight * ap_int<Queue<P>::width>(word);
    return weight * word;
}

// The sums of one word; a row of weights is one word's, channel by channel.
template <class P, int N>
void add_word(const typename Queue<P>::Word& word, const ap_uint<P::stored_width> (&row)[N],
    Result<P>& sums) {
#pragma HLS INLINE
    for (int w = 0; w < P::windows; ++w) {
#pragma HLS UNROLL
        for (int c = 0; c < P::group; ++c) {
#pragma HLS UNROLL
            const ap_uint<Queue<P>::width> value = word.lane[w * P::group + c];
            for (int e = 0; e < P::elements; ++e) {
#pragma HLS UNROLL
                if (P::body == DEPTHWISE && e != c) continue;
                const ap_int<P::weight_width> weighs =
                    weight<P>(row[P::body == DEPTHWISE ? e : c * P::elements + e]);
                ap_int<P::acc_width>& sum = sums.lane[w * P::elements + e];
                sum = sum + product<P>(weighs, value);
            }
        }
    }
}

// Set bits of a word.
template <class W, int N>
ap_uint<32> ones(const Lanes<W, N>& words, int width) {
#pragma HLS INLINE
    ap_uint<32> found = 0;
    for (int n = 0; n < N; ++n) {
#pragma HLS UNROLL
        for (int bit = 0; bit < width; ++bit) {
#pragma HLS UNROLL
            if (words.lane[n][bit]) found = found + Bit(1);
        }
    }
    return found;
}

template <class P, int ROWS, int N>
void word_body(
    hls::stream<typename Queue<P>::Word> (&q)[1], const ap_uint<P::stored_width> (&rom)[ROWS][N],
    int planes, hls::stream<Result<P>>& o, Counts<4>& counts
) {
#pragma HLS ARRAY_RESHAPE variable=rom type=complete dim=2
    using G = Geometry<P>;
    Count busy = 0, spikes = 0;
    Result<P> v, sums;
#pragma HLS ARRAY_PARTITION variable=v.lane type=complete
#pragma HLS ARRAY_PARTITION variable=sums.lane type=complete
    int k = 0, plane = 0, fold = 0;
    for (int n = 0; n < G::positions * G::folds * planes * G::pass_words; ++n) {
#pragma HLS PIPELINE II=1
        for (int lane = 0; lane < P::windows * P::elements; ++lane) {
#pragma HLS UNROLL
            if (k == 0) sums.lane[lane] = 0;
        }
        const typename Queue<P>::Word word = q[0].read();
#pragma HLS ARRAY_PARTITION variable=word.lane type=complete
        add_word<P>(word, rom[fold * G::pass_words + k], sums);
        busy = busy + Bit(1);
        spikes = spikes + ones(word, Queue<P>::width);
        if (!wraps(k, G::pass_words)) continue;
        accumulate<P>(v, sums, plane);
        const bool last = wraps(plane, planes);
        if (last || P::per_step) o.write(v);
        if (last) wraps(fold, G::folds);
    }
    count<P>(busy, spikes, counts);
}

}  // namespace spikeloom

#endif
