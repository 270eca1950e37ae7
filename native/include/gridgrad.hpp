// Gridgrad for C++17: gridgrad.h with owners and exceptions.

#ifndef GRIDGRAD_HPP
#define GRIDGRAD_HPP

#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gridgrad.h"

namespace gridgrad {

/// Why a call failed.
class Error : public std::runtime_error {
 public:
  explicit Error(const gridgrad_error &error) : std::runtime_error(text(error)), error_(error) {}

  /// Of gridgrad_reason.
  int reason() const noexcept { return error_.reason; }
  /// What is at fault; may be empty.
  const char *field() const noexcept { return error_.field; }
  const char *found() const noexcept { return error_.found; }
  const char *remedy() const noexcept { return error_.remedy; }
  /// Seconds to wait before a retry, where the server says; else 0.
  double pushback_s() const noexcept { return error_.pushback_s; }

 private:
  static std::string text(const gridgrad_error &error) {
    std::string said = gridgrad_reason_name(error.reason);
    if (*error.field) said += std::string(": ") + error.field;
    said += std::string(": ") + error.found;
    if (*error.remedy) said += std::string("; ") + error.remedy;
    return said;
  }

  gridgrad_error error_;
};

/// A plane of a result: numbers by one index for each dim. It lies in the result, and ends with it.
template <class T, std::size_t Rank>
class View {
 public:
  View(const T *data, const std::int64_t *shape) : data_(data) {
    std::size_t stride = 1;
    for (std::size_t dim = Rank; dim-- > 0;) {
      shape_[dim] = static_cast<std::size_t>(shape[dim]);
      strides_[dim] = stride;
      stride *= shape_[dim];
    }
    size_ = stride;
  }

  template <class... Index>
  const T &operator()(Index... index) const {
    static_assert(sizeof...(Index) == Rank, "one index for each dim");
    const std::array<std::size_t, Rank> at{static_cast<std::size_t>(index)...};
    std::size_t offset = 0;
    for (std::size_t dim = 0; dim < Rank; ++dim) offset += at[dim] * strides_[dim];
    return data_[offset];
  }

  std::size_t extent(std::size_t dim) const { return shape_.at(dim); }
  std::size_t size() const noexcept { return size_; }
  const T *data() const noexcept { return data_; }
  const T *begin() const noexcept { return data_; }
  const T *end() const noexcept { return data_ + size_; }

 private:
  const T *data_;
  std::size_t size_ = 1;
  std::array<std::size_t, Rank> shape_{}, strides_{};
};

/// A function with its inputs and derivatives, while it is put together.
class Request {
 public:
  static Request expression(const std::string &text) { return Request(gridgrad_expression(text.c_str())); }
  static Request registered(const std::string &name) { return Request(gridgrad_registered(name.c_str())); }

  /// An axis of these values.
  Request &axis(const std::string &name, const std::vector<double> &values) {
    const auto length = static_cast<std::int64_t>(values.size());
    return fixed(name, name, {length}, values.data());
  }
  Request &linspace(const std::string &name, double start, double stop, std::int64_t num) {
    gridgrad_linspace(request_.get(), name.c_str(), start, stop, num);
    return *this;
  }
  /// An input whose numbers stay. dims: names with commas between them; "" for a scalar.
  Request &fixed(const std::string &name, const std::string &dims, const std::vector<std::int64_t> &shape,
                 const double *values) {
    gridgrad_fixed(request_.get(), name.c_str(), dims.c_str(), static_cast<int>(shape.size()), shape.data(), values);
    return *this;
  }
  Request &fixed(const std::string &name, double value) { return fixed(name, "", {}, &value); }
  /// An input whose numbers come with each call; a scalar if nothing else is said.
  Request &varying(const std::string &name, const std::string &dims = "", const std::vector<std::int64_t> &shape = {}) {
    gridgrad_varying(request_.get(), name.c_str(), dims.c_str(), static_cast<int>(shape.size()), shape.data());
    return *this;
  }
  /// "t", or "t,k" for the second derivative by t and k.
  Request &derivative(const std::string &wrt) {
    gridgrad_derivative(request_.get(), wrt.c_str());
    return *this;
  }
  Request &float32() {
    gridgrad_float32(request_.get());
    return *this;
  }
  /// A reduction over dims instead of the grid, by "sum", "mean", "min", "max", "norm" and others.
  Request &reduce(const std::string &dims, const std::string &kind, const std::string &weights = "") {
    gridgrad_reduce(request_.get(), dims.c_str(), kind.c_str(), weights.c_str());
    return *this;
  }

  /// The sum of cotangent times the function, and its gradient by the inputs of the derivatives, instead of the grid.
  Request &pullback(const std::string &cotangent = "") {
    gridgrad_pullback(request_.get(), cotangent.c_str());
    return *this;
  }

  const gridgrad_request *get() const noexcept { return request_.get(); }

 private:
  explicit Request(gridgrad_request *request) : request_(request, gridgrad_free_request) {
    if (!request) throw std::bad_alloc();
  }

  std::unique_ptr<gridgrad_request, decltype(&gridgrad_free_request)> request_;
};

/// A result. Its memory goes back to the server with it; its problem must be there for as long.
class Result {
 public:
  Result() = default;
  explicit Result(const gridgrad_result &result) : result_(result) {}
  Result(Result &&other) noexcept : result_(std::exchange(other.result_, {})) {}
  Result &operator=(Result &&other) noexcept {
    std::swap(result_, other.result_);
    return *this;
  }
  Result(const Result &) = delete;
  Result &operator=(const Result &) = delete;
  ~Result() { gridgrad_release(&result_); }

  /// The value, by one index for each of Rank dims.
  template <std::size_t Rank, class T = double>
  View<T, Rank> value(int component = 0) const {
    return view<Rank, T>(gridgrad_value(&result_, component));
  }
  /// A derivative, by its position in the order in which they were asked for.
  template <std::size_t Rank, class T = double>
  View<T, Rank> partial(int derivative, int component = 0) const {
    return view<Rank, T>(gridgrad_partial(&result_, derivative, component));
  }
  /// Of a pull-back the gradient by the input of a derivative: as many numbers as that has, in C order.
  template <class T = double>
  const T *gradient(int derivative) const {
    const void *data = gridgrad_gradient(&result_, derivative);
    if (!data || !is<T>()) throw std::out_of_range("there is no such gradient in this result");
    return static_cast<const T *>(data);
  }
  const gridgrad_result &get() const noexcept { return result_; }

 private:
  template <std::size_t Rank, class T>
  View<T, Rank> view(const void *data) const {
    if (!data) throw std::out_of_range("there is no such derivative or component in this result");
    if (result_.ndim != static_cast<int>(Rank))
      throw std::out_of_range("this result has " + std::to_string(result_.ndim) + " dims: ask for so many");
    if (!is<T>()) throw std::out_of_range("this result has numbers of another type: see get().dtype");
    return View<T, Rank>(static_cast<const T *>(data), result_.shape);
  }
  template <class T>
  bool is() const {
    return result_.dtype == (std::is_same<T, float>::value    ? GRIDGRAD_FLOAT32
                             : std::is_same<T, double>::value ? GRIDGRAD_FLOAT64
                                                              : GRIDGRAD_INT64);
  }

  gridgrad_result result_{};
};

/// A request bound to a connection, to be called with new numbers.
class Problem {
 public:
  /// Calls it with the numbers of the varying inputs, one input after another. timeout_s: 0 for as long as it takes.
  Result operator()(const std::vector<double> &numbers = {}, double timeout_s = 0) {
    return wait(submit(numbers, timeout_s));
  }
  /// Begins a call, which `wait` ends.
  std::uint64_t submit(const std::vector<double> &numbers = {}, double timeout_s = 0) {
    if (numbers.size() != gridgrad_number_count(problem_.get()))
      throw std::invalid_argument("a call of this problem takes " +
                                  std::to_string(gridgrad_number_count(problem_.get())) + " numbers");
    std::uint64_t call = 0;
    gridgrad_error error;
    if (gridgrad_submit(problem_.get(), numbers.data(), timeout_s, &call, &error)) throw Error(error);
    return call;
  }
  Result wait(std::uint64_t call) {
    gridgrad_result result{};
    gridgrad_error error;
    if (gridgrad_wait(problem_.get(), call, &result, &error)) throw Error(error);
    return Result(result);
  }
  void cancel(std::uint64_t call) { gridgrad_cancel(problem_.get(), call); }

 private:
  friend class Connection;
  Problem(gridgrad_problem *problem, std::shared_ptr<gridgrad_connection> connection)
      : connection_(std::move(connection)), problem_(problem, gridgrad_free_problem) {}

  std::shared_ptr<gridgrad_connection> connection_;
  std::unique_ptr<gridgrad_problem, decltype(&gridgrad_free_problem)> problem_;
};

/// A connection to a server on this machine. Problems keep it open.
class Connection {
 public:
  /// path: of --session-socket. uid: of the user that the server runs as.
  explicit Connection(const std::string &path, double timeout_s = 10, unsigned uid = ::geteuid()) {
    gridgrad_error error;
    gridgrad_connection *opened = gridgrad_connect(path.c_str(), uid, timeout_s, &error);
    if (!opened) throw Error(error);
    connection_.reset(opened, gridgrad_close);
  }

  Problem bind(const Request &request) {
    gridgrad_error error;
    gridgrad_problem *problem = gridgrad_bind(connection_.get(), request.get(), &error);
    if (!problem) throw Error(error);
    return Problem(problem, connection_);
  }

 private:
  std::shared_ptr<gridgrad_connection> connection_;
};

}  // namespace gridgrad

#endif
