// A queue without end: what a stream of Vitis HLS is in C simulation, where one process after the
// other runs to its end.
#ifndef SPIKELOOM_SHIM_HLS_STREAM_H
#define SPIKELOOM_SHIM_HLS_STREAM_H

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace hls {

template <class T>
class stream {
public:
    stream() = default;
    explicit stream(const char* given) : name(given) {}
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;

    bool empty() const { return first == held.size(); }
    std::size_t size() const { return held.size() - first; }
    void write(const T& value) { held.push_back(value); }
    T read() {
        if (empty()) {
            std::fprintf(stderr, "stream %s: read while it is empty\n", name);
            std::abort();
        }
        const T value = held[first++];
        if (empty()) {
            held.clear();
            first = 0;
        }
        return value;
    }

private:
    std::vector<T> held;
    std::size_t first = 0;
    const char* name = "without a name";
};

}  // namespace hls

#endif
