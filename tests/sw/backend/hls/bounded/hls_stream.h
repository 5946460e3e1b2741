// A stream that holds no more than its depth, between threads: what a FIFO in hardware is.
#ifndef SPIKELOOM_BOUNDED_HLS_STREAM_H
#define SPIKELOOM_BOUNDED_HLS_STREAM_H

#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>

namespace hls {

template <class T>
class stream {
public:
    void set_depth(std::size_t wanted) {
        const char* most = std::getenv("MOST_DEPTH");
        depth = most != nullptr && wanted > std::size_t(std::atoi(most)) ? std::atoi(most) : wanted;
    }
    void hold_all() { depth = ~std::size_t(0); }
    bool empty() {
        const std::lock_guard<std::mutex> lock(mutex);
        if (held.empty()) std::this_thread::yield();
        return held.empty();
    }
    void write(const T& value) {
        std::unique_lock<std::mutex> lock(mutex);
        changed.wait(lock, [this] { return held.size() < depth; });
        held.push_back(value);
        changed.notify_all();
    }
    T read() {
        std::unique_lock<std::mutex> lock(mutex);
        changed.wait(lock, [this] { return !held.empty(); });
        const T value = held.front();
        held.pop_front();
        changed.notify_all();
        return value;
    }

private:
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<T> held;
    std::size_t depth = 2;
};

template <class T>
void set_depth(stream<T>& one, std::size_t depth) {
    one.set_depth(depth);
}

template <class T, std::size_t N>
void set_depth(stream<T> (&all)[N], std::size_t depth) {
    for (stream<T>& one : all) one.set_depth(depth);
}

}  // namespace hls

#endif
