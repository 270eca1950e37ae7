// The functions of the library: for one point each, and nan where they have no value. Whole numbers come as doubles.

#pragma once

extern "C" {
// Bessel functions of both kinds, and modified ones, of orders n from 0 on.
double gridgrad_jn(double n, double x);
double gridgrad_yn(double n, double x);
double gridgrad_iv(double n, double x);
double gridgrad_kn(double n, double x);

// The regularised incomplete gamma function and its complement, and the derivative of the first, m times by a and n
// times by x.
double gridgrad_gammainc(double a, double x);
double gridgrad_gammaincc(double a, double x);
double gridgrad_gammainc_partial(double m, double n, double a, double x);

// The x at which the first is p.
double gridgrad_gammaincinv(double a, double p);

// Lambert's W, on the branches 0 and -1.
double gridgrad_lambertw(double x);
double gridgrad_lambertw_m1(double x);
}
