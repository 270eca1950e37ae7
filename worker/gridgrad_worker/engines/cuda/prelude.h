// What kernels are made of: the names of `cpp_table.py` for one number, and how points are found.
//
// Before it stand, by the code that is generated: Real, DOUBLE, DIMS, INPUTS, LEVELS, THREADS.
//
// A tile is a row of 64-bit numbers: its lengths, and where each input, the rows of each level and its results begin. The values of an input lie in C order over the dims that it has; those of a level too, row by row.

typedef long long i64;

namespace kernels {  // to the end of what is generated

typedef Real Vector;

struct Mask {
    bool is;
    __device__ Mask(bool value) : is(value) {}
    __device__ Mask operator~() const { return !is; }
    __device__ Mask operator&(Mask other) const { return is && other.is; }
    __device__ Mask operator|(Mask other) const { return is || other.is; }
    __device__ Mask operator^(Mask other) const { return is != other.is; }
};

constexpr Real LARGEST = Real(DOUBLE ? 0x1.fffffffffffffp+1023 : 0x1.fffffep+127);
#define UNBOUNDED Real(1e308 * 10)
#define NOT_A_NUMBER Real(UNBOUNDED - UNBOUNDED)

#define INLINE static __device__ inline

// ---------------------------------------------------------------- what CUDA has not by these names

INLINE Vector broadcast(Real x) { return x; }
INLINE Vector select(Mask condition, Vector a, Vector b) { return condition.is ? a : b; }
INLINE Mask select(Mask condition, Mask a, Mask b) { return condition.is ? a : b; }
INLINE Mask truth(Vector x) { return x != 0; }
template <class F> INLINE Vector each(F f, Vector x) { return f(x); }
INLINE bool any(Mask condition) { return condition.is; }

// On vectors the powers of a number share its logarithm
struct Logarithm {};
INLINE Logarithm logarithm(Vector) { return {}; }
INLINE Vector powered(Vector x, Logarithm, Vector y) { return ::pow(x, y); }

INLINE Vector abs(Vector x) { return ::fabs(x); }
INLINE Mask isnan(Vector x) { return x != x; }
INLINE Mask isinf(Vector x) { return abs(x) == UNBOUNDED; }
INLINE Mask signbit(Vector x) { return ::copysign(Vector(1), x) < 0; }

// nan if either is
INLINE Vector maximum(Vector x, Vector y) { return x != x || y != y ? x + y : x > y ? x : y; }
INLINE Vector minimum(Vector x, Vector y) { return x != x || y != y ? x + y : x < y ? x : y; }
// the other if one is nan
INLINE Vector fmax(Vector x, Vector y) { return x > y || y != y ? x : y; }
INLINE Vector fmin(Vector x, Vector y) { return x < y || y != y ? x : y; }
INLINE Vector clamp(Vector x, Vector low, Vector high) {
    Vector raised = x < low ? low : x;
    return raised > high ? high : raised;
}
INLINE Vector sign(Vector x) { return Vector(x > 0) - Vector(x < 0); }
INLINE Vector nan_to_num(Vector x) { return x != x ? Vector(0) : clamp(x, -LARGEST, LARGEST); }

// With the sign of y, as Python has it
INLINE Vector remainder(Vector x, Vector y) {
    Vector rest = ::fmod(x, y);
    return rest != 0 && (y < 0) != (rest < 0) ? rest + y : rest;
}

INLINE Vector floor_divide(Vector x, Vector y) {
    if (y == 0) return x / y;
    Vector rest = ::fmod(x, y), quotient = (x - rest) / y;
    if (rest != 0 && (y < 0) != (rest < 0)) quotient -= 1;
    if (quotient == 0) return ::copysign(Vector(0), x / y);
    Vector floored = ::floor(quotient);
    return quotient - floored > Real(0.5) ? floored + 1 : floored;
}

INLINE Vector sigmoid(Vector x) { return 1 / (1 + ::exp(-x)); }

INLINE Vector logaddexp(Vector x, Vector y) {
    Vector larger = maximum(x, y);
    return abs(x) == UNBOUNDED && x == y ? x : larger + ::log1p(::exp(-abs(x - y)));
}

INLINE Vector logaddexp2(Vector x, Vector y) {
    Vector larger = maximum(x, y);
    return abs(x) == UNBOUNDED && x == y ? x : larger + ::log1p(::exp2(-abs(x - y))) * Real(1.4426950408889634);
}

INLINE Vector xlogy(Vector x, Vector y) { return y != y ? y : x == 0 ? Vector(0) : x * ::log(y); }
INLINE Vector xlog1py(Vector x, Vector y) { return y != y ? y : x == 0 ? Vector(0) : x * ::log1p(y); }
INLINE Vector entr(Vector x) { return x != x ? x : x > 0 ? -x * ::log(x) : x == 0 ? Vector(0) : -UNBOUNDED; }

INLINE Vector norm_pdf(Vector x) { return ::exp(Real(-0.5) * x * x) * Real(0.3989422804014327); }
INLINE Vector norm_cdf(Vector x) { return Real(0.5) * ::erfc(x * Real(-0.7071067811865476)); }
INLINE Vector ndtri(Vector p) { return ::normcdfinv(p); }

// ln Φ: erfcx keeps the tail's digits
INLINE Vector log_ndtr(Vector x) {
    Vector t = x * Real(0.70710678118654752440);
    return x < -1 ? ::log(::erfcx(-t) / 2) - t * t : ::log1p(-::erfc(t) / 2);
}

// Shifted to 10 and beyond, where the asymptotic series is exact to rounding (DLMF 5.5.2, 5.11.2); reflected below 0.
INLINE Vector digamma(Vector x) {
    if (x == 0) return ::copysign(UNBOUNDED, -x);
    Vector result = 0;
    if (x < 0) {
        if (x == ::trunc(x)) return NOT_A_NUMBER;
        Vector part = x - ::trunc(x);
        result = -Real(3.14159265358979323846) / ::tan(Real(3.14159265358979323846) * part);
        x = 1 - x;
    }
    for (; x < 10; x += 1) result -= 1 / x;
    if (x == 10) return result + Real(2.25175258906672110764);
    if (x >= Real(1e17)) return result + ::log(x);
    Vector z = 1 / (x * x), series = Real(1.0 / 12);
    series = series * z - Real(691.0 / 32760);
    series = series * z + Real(1.0 / 132);
    series = series * z - Real(1.0 / 240);
    series = series * z + Real(1.0 / 252);
    series = series * z - Real(1.0 / 120);
    series = series * z + Real(1.0 / 12);
    return result + ::log(x) - Real(0.5) / x - z * series;
}

// ---------------------------------------------------------------- points

constexpr int INPUT = DIMS, LEVEL = INPUT + INPUTS, OUT = LEVEL + LEVELS, TILE = OUT + 1;

// How many points the dims of a mask have.
template <int MASK> INLINE unsigned size(const i64* tile) {
    unsigned points = 1;
#pragma unroll
    for (int dim = 0; dim < DIMS; dim++)
        if (MASK >> dim & 1) points *= unsigned(tile[dim]);
    return points;
}

// The index of the n-th point along each dim.
template <int MASK> INLINE void unfold(const i64* tile, unsigned n, unsigned* at) {
#pragma unroll
    for (int dim = DIMS - 1; dim >= 0; dim--) {
        at[dim] = 0;
        if (!(MASK >> dim & 1)) continue;
        unsigned length = unsigned(tile[dim]);
        at[dim] = n % length;
        n /= length;
    }
}

// Which point of the dims of a mask it is.
template <int MASK> INLINE unsigned fold(const i64* tile, const unsigned* at) {
    unsigned n = 0;
#pragma unroll
    for (int dim = 0; dim < DIMS; dim++)
        if (MASK >> dim & 1) n = n * unsigned(tile[dim]) + at[dim];
    return n;
}

struct Memory {
    const Real* inputs;
    Real* levels;
    Real* out;
};

// A span: the first of its blocks, its tile, its level.
constexpr int SPAN = 3;

// The span of a block: the last that begins no later.
INLINE const i64* span_of(const i64* spans, i64 count, i64 block) {
    i64 first = 0;
    while (count > 1) {
        i64 half = count / 2;
        if (spans[(first + half) * SPAN] <= block) {
            first += half;
            count -= half;
        } else {
            count = half;
        }
    }
    return spans + first * SPAN;
}
