// The test bench: vectors in, vectors out, and whether they are what the golden model says. For C
// simulation and cosimulation.
//
//   testbench                                      input.npy against expected.npy
//   testbench INPUT OUTPUT COUNTED STEPS           words (.npy) to values and counters (.npy),
//                                                  with so many time steps, 0 for all
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "params.hpp"

namespace {

using Bytes = std::vector<char>;

[[noreturn]] void fail(const char* path, const char* what) {
    std::fprintf(stderr, "%s: %s\n", path, what);
    std::exit(2);
}

// The data of a .npy file in C order. Every image has `size` bytes.
Bytes load(const char* path, const char* type, std::size_t size) {
    std::FILE* file = std::fopen(path, "rb");
    if (file == nullptr) fail(path, "cannot be read");
    char start[10];
    if (std::fread(start, 1, 10, file) != 10 || std::memcmp(start, "\x93NUMPY\x01\x00", 8) != 0)
        fail(path, "expected a .npy file, version 1");
    std::string header(static_cast<unsigned char>(start[8])
        + 256u * static_cast<unsigned char>(start[9]), ' ');
    if (std::fread(&header[0], 1, header.size(), file) != header.size())
        fail(path, "ends in its header");
    if (header.find(type) == std::string::npos) fail(path, "holds another type of numbers");
    if (header.find("'fortran_order': False") == std::string::npos) fail(path, "expected C order");
    Bytes data, part(1 << 16);
    for (std::size_t got; (got = std::fread(part.data(), 1, part.size(), file)) > 0;)
        data.insert(data.end(), part.begin(), part.begin() + got);
    std::fclose(file);
    if (data.size() % size != 0) fail(path, "holds a part of an image");
    return data;
}

void save(const char* path, const char* type, std::size_t images, std::size_t numbers,
    const void* data, std::size_t bytes) {
    std::string header = std::string("{'descr': '") + type + "', 'fortran_order': False, 'shape': ("
        + std::to_string(images) + ", " +
                         std::to_string(numbers) + "), }";
    header.resize((10 + header.size() + 1 + 63) / 64 * 64 - 10 - 1, ' ');
    header += '\n';
    std::FILE* file = std::fopen(path, "wb");
    if (file == nullptr) fail(path, "cannot be written");
    const std::size_t size = header.size();
    const char start[10] = {'\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0, static_cast<char>(size % 256),
        static_cast<char>(size / 256)};
    bool done = std::fwrite(start, 1, 10, file) == 10
        && std::fwrite(header.data(), 1, size, file) == size;
    done = std::fwrite(data, 1, bytes, file) == bytes && done;
    if (std::fclose(file) != 0 || !done) fail(path, "cannot be written");
}

constexpr std::size_t image_words = std::size_t(io::beats) * io::group;

// One image through the network: words in the order (height, width, channel).
void infer(const std::uint16_t* words, int steps, std::int32_t* values, std::int64_t* counted) {
    static hls::stream<io::Beat> input("input");
    static hls::stream<spikeloom::Value> output("output");
    static hls::stream<spikeloom::Counted> counts("counts");
    for (int beat = 0; beat < io::beats; ++beat) {
        io::Beat bits = 0u;
        for (int c = 0; c < io::group; ++c)
            bits.range((c + 1) * io::steps - 1, c * io::steps) =
                ap_uint<io::steps>(words[beat * io::group + c]);
        input.write(bits);
    }
    spikeloom_hls(input, steps, output, counts);
    for (int k = 0; k < io::values; ++k) {
        const spikeloom::Value value = output.read();
        values[k] = static_cast<std::int32_t>(ap_int<32>(value.data).to_int64());
        if (bool(value.last) != (k == io::values - 1))
            fail("output", "the last value of an image is not marked, or another one is");
    }
    for (int n = 0; n < io::counted; ++n) {
        const spikeloom::Counted count = counts.read();
        counted[ap_uint<16>(count).to_int()] += (count >> 16).to_int64();
    }
    if (!input.empty() || !output.empty() || !counts.empty())
        fail("network", "beats are left over after an image");
}

}  // namespace

int main(int count, char** given) {
    if (count != 1 && count != 5)
        fail("testbench", "expected INPUT OUTPUT COUNTED STEPS, or nothing");
    const bool compares = count == 1;
    const Bytes input = load(compares ? "input.npy" : given[1], "<u2", 2 * image_words);
    const std::size_t images = input.size() / (2 * image_words);
    const int steps = compares ? 0 : std::atoi(given[4]);
    std::vector<std::uint16_t> words(images * image_words);
    if (images > 0) std::memcpy(words.data(), input.data(), input.size());
    std::vector<std::int32_t> values(images * io::values);
    std::vector<std::int64_t> counted(images * io::counters);
    for (std::size_t n = 0; n < images; ++n) {
        infer(&words[n * image_words], steps, &values[n * io::values], &counted[n * io::counters]);
        std::printf("%zu of %zu images\n", n + 1, images);
        std::fflush(stdout);
    }
    if (!compares) {
        save(given[2], "<i4", images, io::values, values.data(), 4 * values.size());
        save(given[3], "<i8", images, io::counters, counted.data(), 8 * counted.size());
        return 0;
    }
    const Bytes expected = load("expected.npy", "<i4", 4 * io::values);
    if (expected.size() != 4 * values.size())
        fail("expected.npy", "holds another number of images than input.npy");
    std::size_t different = 0;
    for (std::size_t k = 0; k < values.size(); ++k)
        different += std::memcmp(&values[k], &expected[4 * k], 4) != 0;
    std::printf("%zu of %zu values equal the golden model\n", values.size() - different,
        values.size());
    return different != 0;
}
