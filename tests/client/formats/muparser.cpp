// Values by muParser: a line of a formula and, by tabs, name=value of each variable gives a line with the value.
#include <muParser.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::stringstream parts(line);
    std::string text, part;
    std::getline(parts, text, '\t');
    std::map<std::string, double> values;
    while (std::getline(parts, part, '\t'))
      values[part.substr(0, part.find('='))] = std::strtod(part.c_str() + part.find('=') + 1, nullptr);
    try {
      mu::Parser parser;
      for (auto& value : values) parser.DefineVar(value.first, &value.second);
      parser.SetExpr(text);
      std::printf("%.17g\n", parser.Eval());
    } catch (mu::Parser::exception_type& error) {
      std::printf("%s: %s\n", text.c_str(), error.GetMsg().c_str());
    }
  }
}
