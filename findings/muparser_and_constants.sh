#!/usr/bin/env bash
# muParser 2.3.3 (Debian's libmuparser2v5 2.3.3-0.1): && and || of constants.
#
# Any number but 0 is true, one reads, and 0.5 && x is 1 where x is 1. But 0.5 && 1 is 0: where both sides are constants they
# are folded as whole numbers while the text is parsed. So a formula changes its value when a variable is replaced by its
# number.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"
apt-get -qq download libmuparser2v5=2.3.3-0.1 libmuparser-dev=2.3.3-0.1
for package in *.deb; do dpkg -x "$package" .; done
cat > program.cpp <<'P'
#include <cstdio>
#include <muParser.h>

double value(const char* text) {
  static double x = 1.0;
  mu::Parser parser;
  parser.DefineVar("x", &x);
  parser.SetExpr(text);
  return parser.Eval();
}

int main() {
  const double folded = value("0.5 && 1"), computed = value("0.5 && x"), chosen = value("0.5 ? 1 : 0");
  std::printf("0.5 && 1: %g, 0.5 && x with x = 1: %g, 0.5 ? 1 : 0: %g\n", folded, computed, chosen);
  std::printf("0.5 || 0: %g, 0.5 || x with x = 1: %g\n", value("0.5 || 0"), value("0.5 || x"));
  return !(folded == 0 && computed == 1 && chosen == 1 && value("0.5 || 0") == 0);
}
P
lib=usr/lib/$(gcc -print-multiarch)
g++ -O1 -std=c++17 program.cpp -Iusr/include -L"$lib" -lmuparser -Wl,-rpath,"$folder/$lib" -o program
./program
