// The functions of the library: for one point each, and nan where they have no value.

#pragma once

extern "C" {
// Bessel functions of the first kind; n is a whole number of 0 or more.
double gridgrad_jn(double n, double x);
}
