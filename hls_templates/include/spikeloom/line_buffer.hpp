// The spike source: a ring of rows that is written beat by beat and read window by window.
//
//   i --> ring --> window --> flags of a plane, or whole words --> q[0], q[1], ...
//
// Order of work: positions row-major (`windows` at a time), folds, planes, taps row-major, words;
// one word an iteration, II = 1. Rows are written meanwhile, as long as there is room. Padding
// reads as zero, and takes its turn like other taps.
#ifndef SPIKELOOM_LINE_BUFFER_HPP
#define SPIKELOOM_LINE_BUFFER_HPP

#include "types.hpp"

namespace spikeloom {

// What one queue holds: the flags of one bank and window, the flags of all windows, or the whole
// words of all windows.
template <class P>
struct Queue {
    static constexpr int lanes = P::body == EVENT ? P::group / P::banks : P::windows * P::group;
    static constexpr int width = P::body == PARALLEL || P::body == MAX ? P::i_steps : 1;
    using Word = Lanes<ap_uint<width>, lanes>;
};

template <class P>
struct Geometry {
    static constexpr int words = P::body == DEPTHWISE || P::body == MAX ? 1
        : P::i_channels / P::groups / P::group;
    static constexpr int beats = P::i_channels / P::group;
    static constexpr int row_beats = P::i_width * beats;
    static constexpr int image_beats = P::i_height * row_beats;
    // A kernel's and the next stride's; the next image begins with an empty ring.
    static constexpr int rows =
        P::kernel_y + (P::stride_y < P::kernel_y ? P::stride_y : P::kernel_y);
    static constexpr int capacity = rows * row_beats;
    static constexpr int columns = P::o_width / P::windows;
    static constexpr int positions = P::o_height * columns;
    static constexpr int folds = P::o_channels / P::elements;
    static constexpr int pass_words = P::kernel_y * P::kernel_x * words;
    static constexpr int first_slot = (rows - P::pad_top % rows) % rows;

    static constexpr int inside(int place, int size) {
        return place < 0 ? 0 : place < size ? place : size - 1;
    }

    // Beats of the image that are there before the windows at column x of row y can be read.
    static constexpr int needed(int y, int x) {
        const int row = inside(y * P::stride_y - P::pad_top + P::kernel_y - 1, P::i_height);
        const int column =
            inside((x * P::windows + P::windows - 1) * P::stride_x - P::pad_left + P::kernel_x - 1,
            P::i_width);
        return row * row_beats + (column + 1) * beats;
    }

    // Beats of the image that no window needs from row y on.
    static constexpr int freed(int y) {
        const int top = y * P::stride_y - P::pad_top;
        return (top < 0 ? 0 : top < P::i_height ? top : P::i_height) * row_beats;
    }

    // First beat of a position that a fold reads.
    static constexpr int fold_word(int fold) {
        return P::body == DEPTHWISE || P::body == MAX ? fold
            : fold * P::elements / (P::o_channels / P::groups) * words;
    }
};

// The window that is read: counters from the innermost to the outermost, and the row of the ring
// that the window begins in.
template <class P>
struct Window {
    using G = Geometry<P>;
    int word = 0, kx = 0, ky = 0, plane = 0, fold = 0, x = 0, y = 0;
    int top_slot = G::first_slot, slot = G::first_slot;

    static int ahead(int from, int by) {
        return from + by >= G::rows ? from + by - G::rows : from + by;
    }

    void next(int planes) {
#pragma HLS INLINE
        if (++word < G::words) return;
        word = 0;
        if (++kx < P::kernel_x) return;
        kx = 0;
        slot = ahead(slot, 1);
        if (++ky < P::kernel_y) return;
        ky = 0;
        slot = top_slot;
        if (++plane < planes) return;
        plane = 0;
        if (++fold < G::folds) return;
        fold = 0;
        if (++x < G::columns) return;
        x = 0;
        ++y;
        top_slot = slot = ahead(top_slot, P::stride_y % G::rows);
    }
};

// A beat of every window into the queues: each bank the flags of the channels that it was dealt, or
// all of them into one queue.
template <class P, int Q>
void deal(const Lanes<ap_uint<P::i_steps>, P::windows * P::group>& beats, int plane,
    hls::stream<typename Queue<P>::Word> (&q)[Q]) {
#pragma HLS INLINE
    using Word = typename Queue<P>::Word;
    for (int n = 0; n < Q; ++n) {
#pragma HLS UNROLL
        Word word;
#pragma HLS ARRAY_PARTITION variable=word.lane type=complete
        for (int k = 0; k < Queue<P>::lanes; ++k) {
#pragma HLS UNROLL
            const int channel =
                P::body == EVENT ? P::dealt[n % P::banks * Queue<P>::lanes + k] : k % P::group;
            const int window = P::body == EVENT ? n / P::banks : k / P::group;
            const ap_uint<P::i_steps> whole = beats.lane[window * P::group + channel];
            if (Queue<P>::width == P::i_steps)
                word.lane[k] = whole;
            else
                word.lane[k] = Bit(whole >> (P::i_steps - 1 - plane));
        }
        q[n].write(word);
    }
}

// Reads one image of beats of `group` channels, and writes what its windows see, each word inverted
// where `flip` of its channel has ones (one for all where FLIPS is 1). `planes` are those that may
// hold spikes. Each window has a ring of its own: a memory has one port to read from.
template <class P, int FLIPS, int Q>
void flipped_source(
    Stream<ap_uint<P::i_steps>, P::group>& i, const ap_uint<P::i_steps> (&flip)[FLIPS], int planes,
    hls::stream<typename Queue<P>::Word> (&q)[Q]
) {
    using G = Geometry<P>;
    using Beat = Lanes<ap_uint<P::i_steps>, P::group>;
    Beat ring[P::windows][G::capacity];
#pragma HLS AGGREGATE variable=ring
#pragma HLS ARRAY_PARTITION variable=ring type=complete dim=1
    Window<P> at;
    int written = 0, end = 0, seen = 0, seen_soon = 0;
    while (at.y < P::o_height || written < G::image_beats) {
#pragma HLS PIPELINE II=1
#pragma HLS DEPENDENCE variable=ring type=inter direction=RAW distance=2 true
        const bool reads = at.y < P::o_height;
        const int needed = reads ? G::needed(at.y, at.x) : 0;
        const bool room = written < G::image_beats
            && written - (reads ? G::freed(at.y) : G::image_beats) < G::capacity;
        const bool ready = reads && seen >= needed;
        // A beat that is needed is waited for; others are taken as they come.
        const bool take = room && (written < needed || !i.empty());
        if (ready) {
            Lanes<ap_uint<P::i_steps>, P::windows * P::group> beats;
#pragma HLS ARRAY_PARTITION variable=beats.lane type=complete
            const int row = at.y * P::stride_y - P::pad_top + at.ky;
            for (int w = 0; w < P::windows; ++w) {
#pragma HLS UNROLL
                const int column = (at.x * P::windows + w) * P::stride_x - P::pad_left + at.kx;
                const bool inside =
                    row >= 0 && row < P::i_height && column >= 0 && column < P::i_width;
                const int place = at.slot * G::row_beats + column * G::beats + G::fold_word(at.fold)
                    + at.word;
                const Beat beat = ring[w][inside ? place : 0];
                for (int c = 0; c < P::group; ++c) {
#pragma HLS UNROLL
                    const ap_uint<P::i_steps> word =
                        beat.lane[c] ^ flip[FLIPS == 1 ? 0 : at.fold * P::group + c];
                    beats.lane[w * P::group + c] = inside ? word : ap_uint<P::i_steps>(0);
                }
            }
            deal<P>(beats, at.plane, q);
            at.next(planes);
        }
        seen = seen_soon;
        if (take) {
            const Beat beat = i.read();
            for (int w = 0; w < P::windows; ++w) {
#pragma HLS UNROLL
                ring[w][end] = beat;
            }
            end = end == G::capacity - 1 ? 0 : end + 1;
            ++written;
        }
        seen_soon = written;
    }
}

// The same without inversion.
template <class P, int Q>
void source(Stream<ap_uint<P::i_steps>, P::group>& i, int planes,
    hls::stream<typename Queue<P>::Word> (&q)[Q]) {
    const ap_uint<P::i_steps> none[1] = {0};
    flipped_source<P>(i, none, planes, q);
}

}  // namespace spikeloom

#endif
