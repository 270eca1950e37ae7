#!/usr/bin/env bash
# fparser 4.5.2 (Debian's libfparser4 4.5.2-2): sin and cos of one argument.
#
# Where a formula has both sin(x) and cos(x), they are computed together, and the cosine is that of the sine: sin(x)*cos(x)
# at 3 is sin(3)*cos(sin(3)), 0.1397171 instead of -0.1397077. Each by itself is right, and so are they with an argument
# that is written differently, as in sin(x)*cos(x + 0*y).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"
apt-get -qq download libfparser4=4.5.2-2 libfparser-dev=4.5.2-2
for package in *.deb; do dpkg -x "$package" .; done
cat > program.cpp <<'P'
#include <cmath>
#include <cstdio>
#include <fparser.hh>

double value(const char* text) {
  FunctionParser parser;
  const double inputs[] = {3.0, 2.0};
  if (parser.Parse(text, "x,y") >= 0) std::printf("%s: %s\n", text, parser.ErrorMsg());
  return parser.Eval(inputs);
}

int main() {
  const double both = value("sin(x)*cos(x)"), right = std::sin(3.0) * std::cos(3.0);
  const double seen_sine = std::sin(3.0) * std::cos(std::sin(3.0));
  std::printf("sin(x)*cos(x) at 3: %.16g, right: %.16g; sin(3)*cos(sin(3)): %.16g\n", both, right, seen_sine);
  std::printf("cos(x) by itself: %.16g\n", value("cos(x)"));
  const bool alone = std::fabs(value("cos(x)") - std::cos(3.0)) < 1e-14;
  return !(alone && std::fabs(both - seen_sine) < 1e-14 && std::fabs(both - right) > 0.1);
}
P
lib=usr/lib/$(gcc -print-multiarch)
g++ -O1 -std=c++17 program.cpp -Iusr/include -L"$lib" -lfparser -Wl,-rpath,"$folder/$lib" -o program
./program
