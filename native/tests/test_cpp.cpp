// Calls a server in all the ways of gridgrad.hpp: test_cpp PATH.

#include "gridgrad.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>

#define CHECK(condition)                                                    \
  do {                                                                      \
    if (!(condition)) {                                                     \
      std::fprintf(stderr, "%s:%d: not %s\n", __FILE__, __LINE__, #condition); \
      std::exit(1);                                                         \
    }                                                                       \
  } while (0)

template <class E, class F>
std::string refused(F call) {
  try {
    call();
  } catch (const E &error) {
    return error.what();
  }
  return "";
}

int main(int, char **arguments) {
  const std::string path = arguments[1];
  gridgrad::Connection connection(path);
  auto request = gridgrad::Request::expression("a*t*k + 2*t*k**2");
  request.axis("t", {1, 2, 4}).varying("k", "k", {2}).varying("a").derivative("t").derivative("t,k");
  auto problem = connection.bind(request);
  gridgrad::Result kept;
  for (int i = 0; i < 100; ++i) {
    const auto result = problem({2, 3, 1.0 + i}, 30);
    const auto value = result.value<2>();
    const auto by_both = result.partial<2>(1);
    CHECK(value.extent(0) == 3 && value.extent(1) == 2 && value.size() == 6);
    CHECK(value(2, 1) == (1.0 + i) * 4 * 3 + 2 * 4 * 9 && by_both(0, 1) == 1.0 + i + 12);
    CHECK(result.partial<2>(0)(1, 0) == (1.0 + i) * 2 + 8);
  }
  kept = problem({2, 3, 1});
  const auto call = problem.submit({5, 6, 0});
  CHECK(problem.wait(call).value<2>()(0, 0) == 50);
  double sum = 0;
  for (double number : kept.value<2>()) sum += number;
  CHECK(sum == 10 + 21 + 20 + 42 + 40 + 84);

  CHECK(refused<std::invalid_argument>([&] { problem({1.0}); }).find("takes 3 numbers") != std::string::npos);
  CHECK(refused<std::out_of_range>([&] { kept.value<1>(); }).find("2 dims") != std::string::npos);
  CHECK(refused<std::out_of_range>([&] { kept.partial<2>(2); }).find("no such derivative") != std::string::npos);
  CHECK((!refused<std::out_of_range>([&] { kept.value<2, float>(); }).empty()));
  auto wrong = connection.bind(gridgrad::Request::expression("x +").linspace("x", 0, 1, 3));
  CHECK(refused<gridgrad::Error>([&] { wrong(); }).find("EXPRESSION: function.expression") == 0);
  CHECK(refused<gridgrad::Error>([] { gridgrad::Connection("/no/such"); }).find("UNAVAILABLE") == 0);
  auto mean = connection.bind(gridgrad::Request::expression("x").linspace("x", 0, 1, 5).reduce("x", "mean").float32());
  CHECK((mean().value<0, float>()() == 0.5f));
  auto pulled = gridgrad::Request::expression("t*k + 2*t*k**2");
  pulled.axis("t", {1, 2}).varying("k", "k", {2}).derivative("k").pullback();
  auto gradient = connection.bind(pulled);
  const auto loss = gradient({2, 3});
  CHECK(loss.value<1>()(0) == 93 && loss.gradient(0)[0] == 27 && loss.gradient(0)[1] == 39);
  return 0;
}
