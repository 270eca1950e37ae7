// The guard's first look: the ranges of all numbers of a level together.

#pragma once

#include <algorithm>

#include "vectors.h"

// The range of a level, measured roughly: how far its factors are from 1, and the arguments of exponentials from 0. Absolute
// values are compared by their bits, as whole numbers, which have the same order: infinity and nan are the largest. The
// least is looked for among bits - 1, without sign, so that 0 becomes the largest and is left out.
struct LevelRange {
    Sizes least = (Sizes)broadcast(1) - 1;
    Mask largest = (Mask)broadcast(1), power = Mask{}, no_divisor = Mask{};

    template <class Level> INLINE_MEMBER void include(const Real* at) {
        for (int row = 0; row < Level::FACTORS + Level::DIVISORS; row++) {
            Mask size = (Mask)abs(load(at + row * LANES));
            Sizes below = (Sizes)size - 1;
            least = below < least ? below : least;
            largest = size > largest ? size : largest;
            if (row >= Level::FACTORS) no_divisor |= size == 0;
        }
        for (int row = Level::FACTORS + Level::DIVISORS; row < Level::WATCHED; row++) {
            Mask size = (Mask)abs(load(at + row * LANES));
            power = size > power ? size : power;
        }
    }

    void join(const LevelRange& other) {
        least = other.least < least ? other.least : least;
        largest = other.largest > largest ? other.largest : largest;
        power = other.power > power ? other.power : power;
        no_divisor |= other.no_divisor;
    }

    // The largest exponent, up or down, that so many factors and exponentials together can reach.
    double reach(double factors, double powers) const {
        Real small = 1, large = 1, argument = 0;
        Vector least_size = (Vector)(least + 1), largest_size = (Vector)largest, power_size = (Vector)power;
        for (int lane = 0; lane < LANES; lane++) {
            if (no_divisor[lane] || !(largest_size[lane] < UNBOUNDED) || !(power_size[lane] < UNBOUNDED)) return UNBOUNDED;
            small = std::min(small, least_size[lane]);
            large = std::max(large, largest_size[lane]);
            argument = std::max(argument, power_size[lane]);
        }
        double exponent = std::max(-std::log2(double(small)), std::log2(double(large)));
        return factors * exponent + powers * double(argument) * 1.4426950408889634;
    }
};
