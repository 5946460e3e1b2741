// One transfer of an AXI4-Stream with its side channels: data, the bytes that count, the end of a
// packet.
#ifndef SPIKELOOM_SHIM_AP_AXI_SDATA_H
#define SPIKELOOM_SHIM_AP_AXI_SDATA_H

#include "ap_int.h"

template <int D, int U, int TI, int TD>
struct ap_axiu {
    static_assert(U == 0 && TI == 0 && TD == 0, "neither user bits nor addresses");
    ap_uint<D> data;
    ap_uint<(D + 7) / 8> keep;
    ap_uint<(D + 7) / 8> strb;
    ap_uint<1> last;
};

#endif
