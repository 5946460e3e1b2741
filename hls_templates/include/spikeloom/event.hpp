// The event-driven body: only spikes that fired are processed. Each bank of each window is a
// process with its own queue and weights; a pass is over when the slowest of them has handed over
// its sums.
//
//   q[0] --> scan --> sums -+
//   q[1] --> scan --> sums -+--> add, Horner --> o
#ifndef SPIKELOOM_EVENT_HPP
#define SPIKELOOM_EVENT_HPP

#include "horner.hpp"

namespace spikeloom {

// What a bank has to say of a pass: a sum for every element, the cycles it took, the spikes it saw.
template <class P>
struct Part {
    ap_int<P::acc_width> sum[P::elements];
    ap_uint<32> cycles, spikes;
};

// The lowest set flag; the number of flags where there is none.
template <int N>
int lowest(const Lanes<Bit, N>& flags) {
#pragma HLS INLINE
    int found = N;
    for (int k = N - 1; k >= 0; --k) {
#pragma HLS UNROLL
        if (flags.lane[k]) found = k;
    }
    return found;
}

// One bank: up to `ports` set flags an iteration, an iteration at least for every word, II = 1.
template <class P, int ROWS>
void scan(
    hls::stream<typename Queue<P>::Word>& i,
    const ap_uint<P::stored_width> (&rom)[ROWS][P::elements], int planes, hls::stream<Part<P>>& o
) {
#pragma HLS ARRAY_RESHAPE variable=rom type=complete dim=2
    using G = Geometry<P>;
    constexpr int flags_count = Queue<P>::lanes;
    int left = G::positions * G::folds * planes, fold = 0, plane = 0, word = 0, row = 0;
    bool fresh = true;
    Part<P> part;
#pragma HLS ARRAY_PARTITION variable=part.sum type=complete
    typename Queue<P>::Word flags;
#pragma HLS ARRAY_PARTITION variable=flags.lane type=complete
    while (left > 0) {
#pragma HLS PIPELINE II=1
        if (fresh) flags = i.read();
        if (fresh && word == 0) {
            for (int e = 0; e < P::elements; ++e) {
#pragma HLS UNROLL
                part.sum[e] = 0;
            }
            part.cycles = part.spikes = 0;
        }
        for (int port = 0; port < P::ports; ++port) {
#pragma HLS UNROLL
            const int flag = lowest(flags);
            if (flag == flags_count) continue;
            for (int e = 0; e < P::elements; ++e) {
#pragma HLS UNROLL
                part.sum[e] = part.sum[e] + weight<P>(rom[row + flag][e]);
            }
            flags.lane[flag] = 0;
            part.spikes = part.spikes + Bit(1);
        }
        part.cycles = part.cycles + Bit(1);
        fresh = lowest(flags) == flags_count;
        if (fresh) row += flags_count;
        if (!fresh || !wraps(word, G::pass_words)) continue;
        o.write(part);
        --left;
        if (wraps(plane, planes)) wraps(fold, G::folds);
        row = fold * G::pass_words * flags_count;
    }
}

// What all banks found in a pass: added up per window, accumulated over planes.
template <class P, int Q>
void add(hls::stream<Part<P>> (&i)[Q], int planes, hls::stream<Result<P>>& o, Counts<4>& counts) {
    using G = Geometry<P>;
    Count busy = 0, spikes = 0;
    Result<P> v;
#pragma HLS ARRAY_PARTITION variable=v.lane type=complete
    for (int pass = 0, plane = 0; pass < G::positions * G::folds * planes; ++pass) {
#pragma HLS PIPELINE II=1
        Result<P> sums;
#pragma HLS ARRAY_PARTITION variable=sums.lane type=complete
        ap_uint<32> slowest = 0;
        for (int w = 0; w < P::windows; ++w) {
#pragma HLS UNROLL
            for (int bank = 0; bank < P::banks; ++bank) {
#pragma HLS UNROLL
                const Part<P> part = i[w * P::banks + bank].read();
                for (int e = 0; e < P::elements; ++e) {
#pragma HLS UNROLL
                    ap_int<P::acc_width>& sum = sums.lane[w * P::elements + e];
                    sum = bank == 0 ? part.sum[e] : ap_int<P::acc_width>(sum + part.sum[e]);
                }
                if (part.cycles > slowest) slowest = part.cycles;
                spikes = spikes + part.spikes;
            }
        }
        busy = busy + slowest;
        accumulate<P>(v, sums, plane);
        if (wraps(plane, planes) || P::per_step) o.write(v);
    }
    count<P>(busy, spikes, counts);
}

template <class P, int ROWS>
void event_body(
    hls::stream<typename Queue<P>::Word> (&q)[P::windows * P::banks],
    const ap_uint<P::stored_width> (&rom)[P::banks][ROWS][P::elements], int planes,
    hls::stream<Result<P>>& o, Counts<4>& counts
) {
#pragma HLS DATAFLOW
#pragma HLS ARRAY_PARTITION variable=rom type=complete dim=1
    hls::stream<Part<P>> parts[P::windows * P::banks];
    for (int n = 0; n < P::windows * P::banks; ++n) {
#pragma HLS UNROLL
        scan<P>(q[n], rom[n % P::banks], planes, parts[n]);
    }
    add<P>(parts, planes, o, counts);
}

}  // namespace spikeloom

#endif
