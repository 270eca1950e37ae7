"""Formulas of finance."""

from __future__ import annotations

from tests.worker.engines.compiled.formulas.formula import Formula

__all__ = ["FORMULAS"]

_S = {"s": (60.0, 150.0), "v": (0.1, 0.6)}
_SRV = {**_S, "r": (0.005, 0.08)}
_RATE = {"r": (0.01, 0.15), "n": (2.0, 30.0)}
_HULL = "Hull, Options, Futures and Other Derivatives"
_HAUG = "Haug, The Complete Guide to Option Pricing Formulas, 2nd ed."
_D1 = "d = (log(s/100) + (r + 0.5*v*v)*0.5)/(v*sqrt(0.5)); f = d - v*sqrt(0.5); "
_E1 = "w = v*0.7071067811865476; d = (log(s) - log(100) + 0.5*r)/w + 0.5*w; f = d - w; "

FORMULAS = (
    Formula("call", "Black & Scholes, J. Polit. Econ. 81 (1973), 13",
      _D1 + "s*norm_cdf(d) - 100*exp(-0.5*r)*norm_cdf(f)",
      _E1 + "s*(0.5 + 0.5*erf(d/sqrt(2))) - 100*exp(-0.5*r)*(0.5 + 0.5*erf(f/sqrt(2)))", _SRV),
    Formula("put", "Black & Scholes, J. Polit. Econ. 81 (1973), 13",
      _D1 + "100*exp(-0.5*r)*norm_cdf(-f) - s*norm_cdf(-d)",
      _E1 + "50*exp(-0.5*r)*erfc(f/sqrt(2)) - 0.5*s*erfc(d/sqrt(2))", _SRV),
    Formula("call by time", "Merton, Bell J. Econ. 4 (1973), 141",
      "v = 0.2*sqrt(t); d = (log(s/100) + 0.05*t)/v + 0.5*v; s*norm_cdf(d) - 100*exp(-0.05*t)*norm_cdf(d - v)",
      "d = (log(s/100) + 0.07*t)/(0.2*t**0.5); s*norm_cdf(d) - 100*exp(-0.05*t)*norm_cdf(d - 0.2*t**0.5)",
      {"s": (60.0, 150.0), "t": (0.05, 3.0)}),
    Formula("parity", f"{_HULL}, 11.4",
      _D1 + "s*norm_cdf(d) - 100*exp(-0.5*r)*norm_cdf(f) - 100*exp(-0.5*r)*norm_cdf(-f) "
      "+ s*norm_cdf(-d)", "s - 100*exp(-0.5*r) + 0*v", _SRV),
    Formula("delta", f"{_HULL}, 19.4", _D1 + "norm_cdf(d)", _E1 + "0.5*erfc(-d/sqrt(2))", _SRV),
    Formula("gamma", f"{_HULL}, 19.6", _D1 + "norm_pdf(d)/(s*v*sqrt(0.5))", _E1 + "exp(-d*d/2)/sqrt(2*pi)/(s*w)", _SRV),
    Formula("vega", f"{_HULL}, 19.8", _D1 + "s*sqrt(0.5)*norm_pdf(d)", _E1 + "100*exp(-0.5*r)*norm_pdf(f)*sqrt(0.5)",
      _SRV),
    Formula("theta", f"{_HULL}, 19.5", _D1 + "-s*norm_pdf(d)*v/(2*sqrt(0.5)) - r*100*exp(-0.5*r)*norm_cdf(f)",
      _E1 + "-0.5*s*norm_pdf(d)*v*sqrt(2) - 50*r*exp(-0.5*r)*erfc(-f/sqrt(2))", _SRV),
    Formula("black-scholes residual", "Black & Scholes, J. Polit. Econ. 81 (1973), 13",
      "w = v*sqrt(t); d = (log(s/100) + r*t)/w + w/2; c = s*norm_cdf(d) - 100*exp(-r*t)*norm_cdf(d - w); "
      "-diff(c, t) + 0.5*v**2*s**2*diff(c, s, 2) + r*s*diff(c, s) - r*c", "0*s + 0*v + 0*r + 0*t", {**_SRV,
      "t": (0.2, 2.0)}),
    Formula("black 76", "Black, J. Financ. Econ. 3 (1976), 167",
      "d = (log(s/k) + 0.5*v*v)/v; s*norm_cdf(d) - k*norm_cdf(d - v)",
      "d = log(s/k)/v + v/2; s*norm_cdf(d) - k*norm_cdf(log(s/k)/v - v/2)", {**_S, "k": (80.0, 120.0)}),
    Formula("bachelier", "Bachelier, Ann. Sci. ENS 17 (1900), 21", "d = (s - k)/v; (s - k)*norm_cdf(d) + v*norm_pdf(d)",
      "d = (s - k)/v; v*(d*0.5*erfc(-d/sqrt(2)) + exp(-0.5*d**2)/sqrt(2*pi))",
      {"s": (1.0, 6.0), "k": (2.0, 5.0), "v": (0.5, 2.0)}),
    Formula("digital", f"{_HULL}, 26.10", _D1 + "exp(-0.5*r)*norm_cdf(f)", _E1 + "0.5*exp(-0.5*r)*(1 + erf(f/sqrt(2)))",
      _SRV),
    Formula("margrabe", "Margrabe, J. Finance 33 (1978), 177",
      "v = sqrt(a**2 + b**2 - 2*c*a*b); d = log(s/k)/v + v/2; s*norm_cdf(d) - k*norm_cdf(d - v)",
      "v = sqrt((a - b)**2 + 2*(1 - c)*a*b); d = (log(s/k) + v*v/2)/v; s*norm_cdf(d) - k*norm_cdf(d - v)",
      {"s": (80.0, 120.0), "k": (80.0, 120.0), "a": (0.1, 0.4), "b": (0.2, 0.5), "c": (-0.5, 0.8)}),
    Formula("garman-kohlhagen", "Garman & Kohlhagen, J. Int. Money Finance 2 (1983), 231",
      "d = (log(s) + r - q + v*v/2)/v; s*exp(-q)*norm_cdf(d) - exp(-r)*norm_cdf(d - v)",
      "f = s*exp(r - q); d = log(f)/v + v/2; exp(-r)*(f*norm_cdf(d) - norm_cdf(d - v))",
      {"s": (0.8, 1.3), "v": (0.05, 0.4), "r": (0.0, 0.1), "q": (0.0, 0.1)}),
    Formula("barrier", "Merton, Bell J. Econ. 4 (1973), 141",
      "v = 0.3; l = r/v**2 + 0.5; d = log(s/100)/v + l*v; y = log(h*h/(s*100))/v + l*v; "
      "s*norm_cdf(d) - 100*exp(-r)*norm_cdf(d - v) - s*(h/s)**(2*l)*norm_cdf(y) + 100*exp(-r)*(h/s)**(2*l - "
      "2)*norm_cdf(y - v)",
      "l = r/0.09 + 0.5; d = (log(s/100) + 0.09*l)/0.3; y = (2*log(h) - log(100*s) + 0.09*l)/0.3; g = log(h/s); "
      "s*norm_cdf(d) - 100*exp(-r)*norm_cdf(d - 0.3) - s*exp(2*l*g)*norm_cdf(y) "
      "+ 100*exp(-r)*exp((2*l - 2)*g)*norm_cdf(y - 0.3)",
      {"s": (85.0, 130.0), "h": (60.0, 80.0), "r": (0.01, 0.08)}),
    Formula("perpetual put", "Merton, Bell J. Econ. 4 (1973), 141",
      "g = 2*r/v**2; b = g*k/(1 + g); (k - b)*(s/b)**(-g)",
      "g = 2*r/v**2; k/(1 + g)*exp(g*(log(g) + log(k) - log1p(g) - log(s)))",
      {"s": (90.0, 150.0), "k": (60.0, 80.0), "v": (0.2, 0.5), "r": (0.02, 0.08)}),
    Formula("asian geometric", "Kemna & Vorst, J. Bank. Finance 14 (1990), 113",
      "w = v/sqrt(3); b = (r - v*v/6)/2; d = (log(s/100) + b + w*w/2)/w; exp(b - r)*s*norm_cdf(d) - "
      "100*exp(-r)*norm_cdf(d - w)",
      "w = v*0.5773502691896258; d = (log(s) - log(100) + r/2 + v*v/12)/w; "
      "exp(-r/2 - v*v/12)*s*norm_cdf(d) - 100*exp(-r)*norm_cdf(d - w)", _SRV),
    Formula("chooser", f"{_HAUG}, 4.17",
      "d = (log(s/100) + r)/v + v/2; y = (log(s/100) + r)/(v*sqrt(0.5)) + v*sqrt(0.5)/2; "
      "s*norm_cdf(d) - 100*exp(-r)*norm_cdf(d - v) - s*norm_cdf(-y) + 100*exp(-r)*norm_cdf(-y + v*sqrt(0.5))",
      "m = log(s/100) + r; a = m/v; b = a*sqrt(2); w = v/sqrt(2); s*(norm_cdf(a + v/2) - norm_cdf(-b - w/2)) "
      "- 100*exp(-r)*(norm_cdf(a - v/2) - norm_cdf(w/2 - b))", _SRV),
    Formula("vasicek bond", "Vasicek, J. Financ. Econ. 5 (1977), 177",
      "B = (1 - exp(-a*t))/a; exp((m - s**2/(2*a**2))*(B - t) - s**2*B**2/(4*a) - B*r)",
      "B = -expm1(-a*t)/a; exp((B - t)*(a*a*m - s*s/2)/(a*a) - (s*B)**2/(4*a))*exp(-B*r)",
      {"a": (0.1, 1.0), "t": (0.5, 10.0), "m": (0.02, 0.06), "s": (0.005, 0.03), "r": (0.01, 0.06)}),
    Formula("cir bond", "Cox, Ingersoll & Ross, Econometrica 53 (1985), 385",
      "h = sqrt(a**2 + 2*s**2); d = 2*h + (a + h)*(exp(h*t) - 1); "
      "(2*h*exp((a + h)*t/2)/d)**(2*a*m/s**2)*exp(-2*(exp(h*t) - 1)/d*r)",
      "h = sqrt(a**2 + 2*s**2); g = expm1(h*t); d = (a + h)*g + 2*h; "
      "exp(2*a*m/s**2*(log(2*h/d) + 0.5*(a + h)*t) - 2*g*r/d)",
      {"a": (0.2, 1.0), "t": (0.5, 10.0), "m": (0.02, 0.06), "s": (0.05, 0.2), "r": (0.01, 0.06)}),
    Formula("nelson-siegel", "Nelson & Siegel, J. Business 60 (1987), 473",
      "q = (1 - exp(-t/l))/(t/l); a + b*q + c*(q - exp(-t/l))", "q = -l*expm1(-t/l)/t; a + (b + c)*q - c*exp(-t/l)",
      {"t": (0.1, 30.0), "l": (0.5, 4.0), "a": (0.02, 0.05), "b": (-0.03, 0.03), "c": (-0.03, 0.03)}),
    Formula("svensson", "Svensson, NBER Working Paper 4871 (1994)",
      "x = t/l; y = t/m; a + b*(1 - exp(-x))/x + c*((1 - exp(-x))/x - exp(-x)) + d*((1 - exp(-y))/y - exp(-y))",
      "x = t/l; y = t/m; p = exp(-x); q = exp(-y); a + (b + c)*(1 - p)/x - c*p + d*((1 - q)/y - q)",
      {"t": (0.1, 30.0), "l": (0.5, 2.0), "m": (3.0, 8.0), "a": (0.02, 0.05), "b": (-0.03, 0.03), "c": (-0.03, 0.03),
       "d": (-0.02, 0.02)}),
    Formula("sabr at the money", "Hagan et al., Wilmott 1 (2002), 84",
      "a/f**(1 - b)*(1 + ((1 - b)**2/24*a**2/f**(2 - 2*b) + p*b*n*a/(4*f**(1 - b)) + (2 - 3*p**2)/24*n**2)*t)",
      "g = a*f**(b - 1); g + g*t*(((1 - b)*g)**2/24 + p*b*n*g/4 + n*n*(1/12 - p*p/8))",
      {"a": (0.1, 0.4), "f": (0.5, 2.0), "b": (0.2, 0.9), "p": (-0.7, 0.5), "n": (0.1, 0.8), "t": (0.5, 5.0)}),
    Formula("sabr", "Hagan et al., Wilmott 1 (2002), 84",
      "z = n/a*log(f/k); x = log((sqrt(1 - 2*p*z + z*z) + z - p)/(1 - p)); a*z/x",
      "z = n/a*(log(f) - log(k)); a*z/(log(sqrt((z - p)**2 + 1 - p*p) + z - p) - log1p(-p))",
      {"a": (0.2, 0.4), "f": (1.1, 2.0), "k": (0.5, 1.0), "p": (-0.7, 0.3), "n": (0.3, 0.8)}),
    Formula("svi", "Gatheral & Jacquier, Quant. Finance 14 (2014), 59", "a + b*(p*(k - m) + sqrt((k - m)**2 + s**2))",
      "a + b*(p*(k - m) + hypot(k - m, s))",
      {"a": (0.01, 0.05), "b": (0.1, 0.5), "p": (-0.7, 0.3), "k": (-1.0, 1.0), "m": (-0.2, 0.2), "s": (0.1, 0.5)}),
    Formula("annuity", "Fisher, The Theory of Interest (1930)", "(1 - (1 + r)**(-n))/r", "-expm1(-n*log1p(r))/r",
      _RATE),
    Formula("mortgage payment", f"{_HULL}, 4.1", "r*(1 + r)**n/((1 + r)**n - 1)", "r/(1 - (1 + r)**(-n))", _RATE),
    Formula("bond price", f"{_HULL}, 4.4", "c/r*(1 - (1 + r)**(-n)) + (1 + r)**(-n)",
      "c/r + (1 - c/r)*exp(-n*log1p(r))",
      {**_RATE, "c": (0.01, 0.1)}),
    Formula("duration", "Macaulay 1938", "(1 + r)/r - (1 + r + n*(c - r))/(c*((1 + r)**n - 1) + r)",
      "1 + 1/r - (1 + r + n*c - n*r)/(c*expm1(n*log1p(r)) + r)", {**_RATE, "c": (0.02, 0.1)}),
    Formula("growing annuity", "Brealey & Myers, Principles of Corporate Finance, 2.4",
      "(1 - ((1 + g)/(1 + r))**n)/(r - g)",
      "-expm1(n*(log1p(g) - log1p(r)))/(r - g)", {"r": (0.06, 0.15), "g": (0.0, 0.05), "n": (2.0, 30.0)}),
    Formula("effective rate", f"{_HULL}, 4.2", "(1 + r/n)**n - 1", "expm1(n*log1p(r/n))", _RATE),
    Formula("merton default", "Merton, J. Finance 29 (1974), 449",
      "d = (log(V/D) + (r - v*v/2)*t)/(v*sqrt(t)); norm_cdf(-d)",
      "0.5*erfc((log(V/D)/v + (r/v - v/2)*t)/sqrt(2*t))",
      {"V": (1.1, 2.0), "D": (0.5, 1.0), "r": (0.0, 0.05), "v": (0.1, 0.5), "t": (0.5, 5.0)}),
    Formula("vasicek loss", "Vasicek, Risk 15 (2002), 160", "norm_cdf((norm_ppf(p) + sqrt(c)*norm_ppf(q))/sqrt(1 - c))",
      "0.5*erfc(-(norm_ppf(p) + sqrt(c)*norm_ppf(q))/sqrt(2 - 2*c))", {"p": (0.005, 0.2), "c": (0.05, 0.3),
      "q": (0.9, 0.999)}),
    Formula("cds hazard", f"{_HULL}, 25.4", "(1 - exp(-(r + h)*t))/(r + h)*h", "-h/(r + h)*expm1(-(r + h)*t)",
      {"r": (0.01, 0.05), "h": (0.005, 0.1), "t": (1.0, 10.0)}),
    Formula("crra", "Pratt, Econometrica 32 (1964), 122", "(c**(1 - g) - 1)/(1 - g)", "expm1((1 - g)*log(c))/(1 - g)",
      {"c": (0.3, 3.0), "g": (1.2, 4.0)}),
    Formula("kelly", "Kelly, Bell Syst. Tech. J. 35 (1956), 917", "p*log(1 + b*f) + (1 - p)*log(1 - f)",
      "p*log1p(b*f) + (1 - p)*log1p(-f)", {"p": (0.4, 0.7), "b": (0.8, 2.0), "f": (0.02, 0.5)}),
    Formula("sharpe", "Sharpe, J. Business 39 (1966), 119",
      "(w*a + (1 - w)*b)/sqrt(w**2*s**2 + (1 - w)**2*t**2 + 2*w*(1 - w)*p*s*t)",
      "(b + w*(a - b))/hypot(w*s + p*(1 - w)*t, (1 - w)*t*sqrt(1 - p*p))",
      {"w": (0.1, 0.9), "a": (0.02, 0.1), "b": (0.02, 0.1), "s": (0.1, 0.3), "t": (0.1, 0.3), "p": (-0.5, 0.8)}),
    Formula("variance swap weight", "Demeterfi et al., J. Derivatives 6 (1999), 9", "2*((s - k)/k - log(s/k))",
      "u = (s - k)/k; 2*(u - log1p(u))", {"s": (60.0, 150.0), "k": (90.0, 110.0)}),
    Formula("heston variance", "Heston, Rev. Financ. Stud. 6 (1993), 327", "m + (v - m)*(1 - exp(-k*t))/(k*t)",
      "m - (v - m)*expm1(-k*t)/(k*t)", {"m": (0.02, 0.1), "v": (0.02, 0.1), "k": (0.5, 3.0), "t": (0.1, 5.0)}),
    Formula("call spread by branches", f"{_HULL}, 12.3", "max(s - 90, 0) - max(s - 110, 0)",
      "clip(s, 90, 110) - 90 if s > 90 else 0*s",
      {"s": (60.0, 150.0)}),
    Formula("expected shortfall", "McNeil, Frey & Embrechts, Quantitative Risk Management, 2.14",
      "m + s*norm_pdf(norm_ppf(q))/(1 - q)",
      "m + s*exp(-0.5*norm_ppf(q)**2)/(sqrt(2*pi)*(1 - q))", {"m": (-0.1, 0.1), "s": (0.1, 0.5), "q": (0.9, 0.995)}),
)  # fmt: skip
