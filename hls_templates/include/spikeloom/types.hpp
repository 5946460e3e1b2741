// What travels between the processes of a network.
//
// Every process is a template over the parameters of its layer, a struct of constants in params.hpp
// that is called P here:
//
//   i_channels, i_height, i_width, o_channels, o_height, o_width    the maps
//   kernel_y, kernel_x, stride_y, stride_x, pad_top, pad_left       the window
//   body, group, banks, ports, elements, windows, neurons           the folding: channels in a
//   beat, parts of it, spikes of a part and
//                                                                   cycle, output channels and
//                                                                   positions side by side, neuron
//                                                                   units
//   dealt                                                           channels of a beat in the order
//   of the banks i_steps, i_base, i_signed, o_steps                              the codes: planes
//   T, base tau, whether the first plane is negative acc_width, u_width, ... bits of sums and
//   drives runs                                                            in how many ways it can
//   run: with 1, 2, ... time steps; 1: with all
//
// One call of a process works on one image. `run` is the number of time steps less one, or 0 where
// they cannot be chosen.
#ifndef SPIKELOOM_TYPES_HPP
#define SPIKELOOM_TYPES_HPP

#ifndef AP_INT_MAX_W
#define AP_INT_MAX_W 4096  // of Vitis: the widest beat
#endif

#include <ap_int.h>
#include <hls_stream.h>

namespace spikeloom {

using Bit = ap_uint<1>;

// Words side by side, the lowest channel first; of several positions, the leftmost first.
template <class W, int N>
struct Lanes {
    W lane[N];
};

template <class W, int N>
using Stream = hls::stream<Lanes<W, N>>;

// What is counted of one image, in the order of the addresses.
using Count = ap_uint<40>;

template <int N>
using Counts = hls::stream<Lanes<Count, N>>;

// Counts to count - 1 and begins again; whether it did. Loops of several indices are one loop with
// such counters, so that its pipeline is filled once per image.
inline bool wraps(int& index, int count) {
#pragma HLS INLINE
    index = index == count - 1 ? 0 : index + 1;
    return index == 0;
}

enum Body { EVENT, DENSE, PARALLEL, DEPTHWISE, MAX };

}  // namespace spikeloom

#endif
