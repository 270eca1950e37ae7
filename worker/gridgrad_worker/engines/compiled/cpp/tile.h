// A tile of a request: what a row of `library.py` says of it, and how its inputs are read.

#pragma once

#include <algorithm>

#include "vectors.h"

struct Input {
    int64_t kind;  // see below
    const char* data;
    int64_t strides[DIMS];  // in bytes
    double start, stop;
    int64_t count;
};
constexpr int64_t VALUE = 0, SPACED = 1, DOUBLES = 2, FLOATS = 3;

struct Tile {
    Input inputs[INPUTS];              // of the whole request
    int64_t first[DIMS], shape[DIMS];  // in the request's grid
    char* out;                         // [planes][points], at this distance in bytes:
    int64_t pitch;
    int64_t mode, outcome;  // see below
};
constexpr int64_t GUARDED = 0, SEPARATED = 1, PLAIN = 2, DECIDE = 3;
constexpr int64_t DONE = 0, TOO_LARGE = 1, STOPPED = 2;  // the last, by the guard, within C++ alone

struct Index {
    int64_t of[DIMS];
};

// The bits of numpy.linspace.
INLINE Vector spaced(const Input& input, int64_t first, int64_t left) {
    double delta = input.stop - input.start, intervals = double(input.count - 1);
    double step = input.count > 1 ? delta / intervals : delta;
    Vector result;
    for (int lane = 0; lane < LANES; lane++) {
        int64_t n = first + std::min<int64_t>(lane, left - 1);
        double value = input.count > 1 && step == 0 ? double(n) / intervals * delta : double(n) * step;
        value += input.start;
        result[lane] = Real(input.count > 1 && n == input.count - 1 ? input.stop : value);
    }
    return result;
}

template <class T> INLINE Vector gathered(const char* from, int64_t stride, int64_t left) {
    Vector result;
    for (int lane = 0; lane < LANES; lane++) {
        T value;
        std::memcpy(&value, from + std::min<int64_t>(lane, left - 1) * stride, sizeof value);
        result[lane] = Real(value);
    }
    return result;
}

// Where a vector lies in the request's grid, and how many of its lanes are in the tile.
struct Position {
    const Input* inputs;
    Index at;
    int64_t left;

    template <int LAST> INLINE_MEMBER Vector read(int number) const {
        const Input& input = inputs[number];
        if (input.kind == VALUE) return broadcast(Real(input.start));
        if (input.kind == SPACED) return spaced(input, at.of[LAST], left);
        const char* from = input.data;
        for (int dim = 0; dim < DIMS; dim++) from += at.of[dim] * input.strides[dim];
        int64_t stride = input.strides[LAST];
        if (input.kind == (DOUBLE ? DOUBLES : FLOATS) && stride == sizeof(Real) && left >= LANES)
            return load_unaligned((const Real*)from);
        return input.kind == DOUBLES ? gathered<double>(from, stride, left) : gathered<float>(from, stride, left);
    }
};
