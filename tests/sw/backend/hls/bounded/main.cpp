// Images through the network, each process a thread: words of 16 bits on standard input, values of
// 32 bits on standard output.
#include "params.hpp"

#include <cstdint>
#include <cstdio>
#include <vector>

int images = 0;

int main() {
    std::vector<std::uint16_t> words;
    for (std::uint16_t word; std::fread(&word, 2, 1, stdin) == 1;) words.push_back(word);
    images = int(words.size()) / (io::beats * io::group);
    hls::stream<io::Beat> input;
    hls::stream<spikeloom::Value> output;
    hls::stream<spikeloom::Counted> counts;
    input.hold_all(), output.hold_all(), counts.hold_all();
    for (std::size_t first = 0; first < words.size(); first += io::group) {
        io::Beat beat = 0u;
        for (int c = 0; c < io::group; ++c)
            beat.range((c + 1) * io::steps - 1, c * io::steps) =
                ap_uint<io::steps>(words[first + c]);
        input.write(beat);
    }
    spikeloom_hls(input, 0, output, counts);
    for (int k = 0; k < images * io::values; ++k) {
        const std::int32_t value = std::int32_t(ap_int<32>(output.read().data).to_int64());
        std::fwrite(&value, 4, 1, stdout);
    }
    return counts.empty() || !input.empty();
}
