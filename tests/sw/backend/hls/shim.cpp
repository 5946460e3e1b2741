// Every operation of the shim on every pair of small integers: a line of results for each pair of
// types, read by test_shim.py.
#include <ap_int.h>

#include <cstdio>
#include <type_traits>
#include <utility>

constexpr int MOST = 4;

template <class T>
struct Kind;
template <int W, bool S>
struct Kind<ap_base<W, S, false>> {
    static constexpr int code = S ? -W : W;
};

template <int W, bool S>
constexpr int lowest = S ? -(1 << (W - 1)) : 0;
template <int W, bool S>
constexpr int highest = S ? (1 << (W - 1)) - 1 : (1 << W) - 1;

template <class T>
void put(const T& value) {
    std::printf(" %d:%lld", Kind<T>::code, static_cast<long long>(value.native()));
}

template <int A, bool S, int B, bool R>
void pair() {
    for (int x = lowest<A, S>; x <= highest<A, S>; ++x) {
        for (int y = lowest<B, R>; y <= highest<B, R>; ++y) {
            const ap_base<A, S> a = x;
            const ap_base<B, R> b = y;
            std::printf("%d %d %d %d", S ? -A : A, x, R ? -B : B, y);
            put(a + b), put(a - b), put(a * b), put(a & b), put(a | b), put(a ^ b),
                put(ap_base<A, S>(b));
            std::printf(" %d%d%d%d%d%d\n", a == b, a != b, a<b, a> b, a <= b, a >= b);
        }
    }
}

template <int A, bool S>
void single() {
    for (int x = lowest<A, S>; x <= highest<A, S>; ++x) {
        ap_base<A, S> a = x;
        std::printf("%d %d", S ? -A : A, x);
        put(-a), put(ap_base<A, S>(x + (1 << A))), put(ap_base<A, S>(x - (1 << A)));
        for (int by = 0; by <= MOST + 1; ++by) put(a << by), put(a >> by);
        std::printf(" ");
        for (int bit = 0; bit < A; ++bit) std::printf("%d", int(a[bit]));
        std::printf(" %d\n", bool(a));
    }
}

template <int A, bool S, int... B>
void row(std::integer_sequence<int, B...>) {
    single<A, S>();
    (pair<A, S, B + 1, false>(), ...);
    (pair<A, S, B + 1, true>(), ...);
}

template <int... A>
void all(std::integer_sequence<int, A...> widths) {
    (row<A + 1, false>(widths), ...);
    (row<A + 1, true>(widths), ...);
}

// Vectors of bits: what is put in comes out, and nothing beside it changes.
template <int W>
bool ranges() {
    for (int low = 0; low < W; low += 7) {
        for (int width = 1; width <= 9 && low + width <= W; ++width) {
            ap_uint<W> bits = 0u;
            for (int k = 0; k < W; ++k) bits.set(k, k % 3 == 0);
            const ap_uint<9> value = 0x155;
            bits.range(low + width - 1, low) = value;
            const ap_uint<9> found = bits.range(low + width - 1, low);
            if (found.native() != (value.native() & ((1u << width) - 1))) return false;
            for (int k = 0; k < W; ++k)
                if ((k < low || k >= low + width) && bits.bit(k) != (k % 3 == 0)) return false;
        }
    }
    return true;
}

int main() {
    all(std::make_integer_sequence<int, MOST>());
    const ap_int<64> low = ap_int<64>(1) << 63;
    const ap_uint<64> high = ~0ull;
    const bool wide =
        (low >> 63).native() == -1 && ap_int<64>(high).native() == -1 && low < high && high > low;
    std::printf("ranges %d%d%d%d\n", ranges<17>(), ranges<64>(), ranges<65>(), ranges<200>());
    std::printf("wide %d\n", wide);
    return 0;
}
