// Values by fparser: a line of a formula and, by tabs, name=value of each variable gives a line with the value.
// It has the constants that libMesh gives it.
#include <fparser.hh>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::stringstream parts(line);
    std::string text, part, names;
    std::getline(parts, text, '\t');
    std::vector<double> values;
    while (std::getline(parts, part, '\t')) {
      names += (names.empty() ? "" : ",") + part.substr(0, part.find('='));
      values.push_back(std::strtod(part.c_str() + part.find('=') + 1, nullptr));
    }
    FunctionParser parser;
    parser.AddConstant("pi", 3.14159265358979323846);
    parser.AddConstant("e", 2.71828182845904523536);
    if (parser.Parse(text, names) >= 0) {
      std::printf("%s: %s\n", text.c_str(), parser.ErrorMsg());
      continue;
    }
    const double value = parser.Eval(values.data());
    if (parser.EvalError()) std::printf("%s: error %d\n", text.c_str(), parser.EvalError());
    else std::printf("%.17g\n", value);
  }
}
