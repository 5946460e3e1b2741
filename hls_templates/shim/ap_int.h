// Integers of 1 to 64 bits, and wider vectors of bits: what SpikeLoom's headers use of the file of
// this name in Vitis HLS, and no more.
//
// Width and sign of every result are those of Vitis: a sum is a bit longer than its longer operand,
// a product as long as both, a shift as long as its left side. An assignment keeps the lowest bits.
// What is not here does not compile.
#ifndef SPIKELOOM_SHIM_AP_INT_H
#define SPIKELOOM_SHIM_AP_INT_H

#include <cstdint>
#include <type_traits>

template <int W, bool S, bool WIDE = (W > 64)>
class ap_base;

// Some bits of an integer, the lowest first: up to 64 at a time.
template <class Whole>
class ap_range {
public:
    ap_range(Whole& all, int from, int to) : whole(all), high(from), low(to) {}
    template <int V>
    void operator=(const ap_base<V, false, false>& value) {
        for (int k = low; k <= high; ++k) whole.set(k, k - low < V && value[k - low]);
    }
    template <int V>
    operator ap_base<V, false, false>() const {
        std::uint64_t value = 0;
        for (int k = low; k <= high && k - low < 64; ++k)
            value |= std::uint64_t(whole.bit(k)) << (k - low);
        return value;
    }

private:
    Whole& whole;
    int high, low;
};

template <int W, bool S>
class ap_base<W, S, false> {
    static_assert(W >= 1, "an integer has a bit at least");

public:
    using Native = std::conditional_t<S, std::int64_t, std::uint64_t>;

    // Nothing was assigned yet: as in hardware it may be any number, and this one is seldom the
    // right one.
    constexpr ap_base() : number(wrapped(0xA5A5A5A5A5A5A5A5u)) {}
    template <class I, class = std::enable_if_t<std::is_integral<I>::value>>
    constexpr ap_base(I value) : number(wrapped(static_cast<std::uint64_t>(value))) {}
    template <int V, bool R>
    constexpr ap_base(const ap_base<V, R, false>& other)
        : number(wrapped(static_cast<std::uint64_t>(other.native()))) {}

    constexpr Native native() const { return number; }
    constexpr int to_int() const { return static_cast<int>(number); }
    constexpr long long to_int64() const { return static_cast<long long>(number); }
    explicit constexpr operator bool() const { return number != 0; }
    constexpr bool operator[](int k) const { return bit(k); }

    ap_range<ap_base> range(int high, int low) { return {*this, high, low}; }
    constexpr bool bit(int k) const { return static_cast<std::uint64_t>(number) >> k & 1; }
    void set(int k, bool to) {
        const std::uint64_t one = std::uint64_t(1) << k, all = static_cast<std::uint64_t>(number);
        number = wrapped(to ? all | one : all & ~one);
    }

    constexpr ap_base<W + 1, true> operator-() const {
        return std::uint64_t(0) - static_cast<std::uint64_t>(number);
    }
    constexpr ap_base operator<<(int by) const {
        return by >= W ? std::uint64_t(0) : static_cast<std::uint64_t>(number) << by;
    }
    constexpr ap_base operator>>(int by) const {
        if (by < W) return number >> by;
        return S ? number >> (W - 1) : Native(0);
    }

private:
    static constexpr Native wrapped(std::uint64_t value) {
        constexpr std::uint64_t mask = ~std::uint64_t(0) >> (64 - W),
            sign = std::uint64_t(1) << (W - 1);
        return static_cast<Native>(S ? ((value & mask) ^ sign) - sign : value & mask);
    }

    Native number;
};

// Bits alone: they can be cut out and put in.
template <int W>
class ap_base<W, false, true> {
public:
    ap_base() = default;
    ap_base(unsigned value) : words{value} {}

    ap_range<ap_base> range(int high, int low) { return {*this, high, low}; }
    bool bit(int k) const { return words[k / 64] >> (k % 64) & 1; }
    void set(int k, bool to) {
        const std::uint64_t one = std::uint64_t(1) << (k % 64);
        words[k / 64] = to ? words[k / 64] | one : words[k / 64] & ~one;
    }

private:
    std::uint64_t words[(W + 63) / 64] = {};
};

template <int W>
using ap_int = ap_base<W, true>;
template <int W>
using ap_uint = ap_base<W, false>;

namespace ap_shim {

constexpr int larger(int a, int b) { return a > b ? a : b; }

// Bits that hold every number of A bits and every one of B: an unsigned one takes one more where
// the other is signed.
template <int A, bool S, int B, bool R>
constexpr int both = larger(A + (R && !S), B + (S && !R));

template <int A, bool S, int B, bool R>
constexpr int order(const ap_base<A, S, false>& a, const ap_base<B, R, false>& b) {
    if (S && a.native() < 0) {
        if (!R || b.native() >= 0) return -1;
    } else if (R && b.native() < 0) {
        return 1;
    }
    const std::uint64_t x = static_cast<std::uint64_t>(a.native()),
        y = static_cast<std::uint64_t>(b.native());
    return x < y ? -1 : x > y;
}

}  // namespace ap_shim

#define SPIKELOOM_OPERATOR(SIGN, WIDTH, SIGNED)                                                                       \
    template <int A, bool S, int B, bool R>                                                                           \
    constexpr ap_base<(WIDTH), (SIGNED)> operator SIGN(const ap_base<A, S, false>& a, const ap_base<B, R, false>& b) { \
        static_assert((WIDTH) <= 64, "the result of this operation has more than 64 bits");                           \
        return static_cast<std::uint64_t>(a.native()) SIGN static_cast<std::uint64_t>(b.native());                    \
    }
SPIKELOOM_OPERATOR(+, (ap_shim::both<A, S, B, R> + 1), S || R)
SPIKELOOM_OPERATOR(-, (ap_shim::both<A, S, B, R> + 1), true)
SPIKELOOM_OPERATOR(*, A + B, S || R)
SPIKELOOM_OPERATOR(&, (ap_shim::both<A, S, B, R>), S || R)
SPIKELOOM_OPERATOR(|, (ap_shim::both<A, S, B, R>), S || R)
SPIKELOOM_OPERATOR(^, (ap_shim::both<A, S, B, R>), S || R)
#undef SPIKELOOM_OPERATOR

#define SPIKELOOM_COMPARISON(SIGN)                                                                 \
    template <int A, bool S, int B, bool R>                                                        \
    constexpr bool operator SIGN(const ap_base<A, S, false>& a, const ap_base<B, R, false>& b) {   \
        return ap_shim::order(a, b) SIGN 0;                                                        \
    }
SPIKELOOM_COMPARISON(==)
SPIKELOOM_COMPARISON(!=)
SPIKELOOM_COMPARISON(<)
SPIKELOOM_COMPARISON(>)
SPIKELOOM_COMPARISON(<=)
SPIKELOOM_COMPARISON(>=)
#undef SPIKELOOM_COMPARISON

#endif
