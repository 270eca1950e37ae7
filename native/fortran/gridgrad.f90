! Gridgrad for Fortran 2008: gridgrad.h, with types that give back what they hold.
!
! Grids are of C's order: the dim that comes first varies slowest. As a Fortran array a plane of dims t, k is (k, t).

module gridgrad
  use, intrinsic :: iso_c_binding
  implicit none
  private
  public :: gridgrad_error, gridgrad_connection, gridgrad_request, gridgrad_problem, gridgrad_result
  public :: gridgrad_expression, gridgrad_registered, gridgrad_reason

  integer, parameter :: max_dims = 16

  !> Why a call failed: reason is 0 where it did not, else as in gridgrad.h.
  type, bind(c) :: c_error
    integer(c_int) :: reason
    real(c_double) :: pushback_s
    character(kind=c_char) :: field(128), found(824), remedy(512)
  end type

  type :: gridgrad_error
    integer :: reason = 0
    real(c_double) :: pushback_s = 0
    character(:), allocatable :: field, found, remedy
  end type

  type, bind(c) :: c_result
    type(c_ptr) :: data
    integer(c_int) :: dtype, ndim
    integer(c_int64_t) :: shape(max_dims)
    integer(c_int64_t) :: points
    integer(c_int) :: components, derivatives
    real(c_double) :: queue_s, compute_s
    type(c_ptr) :: problem
    integer(c_int64_t) :: lease
    type(c_ptr) :: owner
  end type

  !> A result. release it before it is used again.
  type :: gridgrad_result
    private
    type(c_result) :: c
    logical :: is_held = .false.
  contains
    !> The numbers of the value, or of a derivative by its position from 1 on, one after another in C's order.
    procedure :: value => result_value
    procedure :: partial => result_partial
    !> The lengths of the dims, the one that varies slowest first.
    procedure :: lengths => result_lengths
    !> Of a pull-back the numbers from the gradient by the input of a derivative on: as many as that has.
    procedure :: gradient => result_gradient
    procedure :: components => result_components
    procedure :: release => result_release
  end type

  !> A connection to a server on this machine.
  type :: gridgrad_connection
    private
    type(c_ptr) :: c = c_null_ptr
  contains
    procedure :: open => connection_open
    procedure :: bind => connection_bind
    procedure :: close => connection_close
  end type

  !> A function with its inputs and derivatives, while it is put together.
  type :: gridgrad_request
    private
    type(c_ptr) :: c = c_null_ptr
  contains
    procedure :: fixed => request_fixed
    procedure :: axis => request_axis
    procedure :: varying => request_varying
    procedure :: linspace => request_linspace
    procedure :: derivative => request_derivative
    procedure :: reduce => request_reduce
    procedure :: pullback => request_pullback
    procedure :: free => request_free
  end type

  !> A request bound to a connection, to be called with new numbers.
  type :: gridgrad_problem
    private
    type(c_ptr) :: c = c_null_ptr
  contains
    procedure :: call => problem_call
    procedure :: submit => problem_submit
    procedure :: wait => problem_wait
    procedure :: cancel => problem_cancel
    procedure :: number_count => problem_number_count
    procedure :: free => problem_free
  end type

  interface
    function c_connect(path, uid, timeout_s, error) bind(c, name="gridgrad_connect") result(connection)
      import
      character(kind=c_char), intent(in) :: path(*)
      integer(c_int), value :: uid
      real(c_double), value :: timeout_s
      type(c_error), intent(out) :: error
      type(c_ptr) :: connection
    end function
    subroutine c_close(connection) bind(c, name="gridgrad_close")
      import
      type(c_ptr), value :: connection
    end subroutine
    function c_expression(text) bind(c, name="gridgrad_expression") result(request)
      import
      character(kind=c_char), intent(in) :: text(*)
      type(c_ptr) :: request
    end function
    function c_registered(name) bind(c, name="gridgrad_registered") result(request)
      import
      character(kind=c_char), intent(in) :: name(*)
      type(c_ptr) :: request
    end function
    subroutine c_free_request(request) bind(c, name="gridgrad_free_request")
      import
      type(c_ptr), value :: request
    end subroutine
    subroutine c_fixed(request, name, dims, ndim, shape, values) bind(c, name="gridgrad_fixed")
      import
      type(c_ptr), value :: request
      character(kind=c_char), intent(in) :: name(*), dims(*)
      integer(c_int), value :: ndim
      integer(c_int64_t), intent(in) :: shape(*)
      real(c_double), intent(in) :: values(*)
    end subroutine
    subroutine c_varying(request, name, dims, ndim, shape) bind(c, name="gridgrad_varying")
      import
      type(c_ptr), value :: request
      character(kind=c_char), intent(in) :: name(*), dims(*)
      integer(c_int), value :: ndim
      integer(c_int64_t), intent(in) :: shape(*)
    end subroutine
    subroutine c_linspace(request, name, start, stop, num) bind(c, name="gridgrad_linspace")
      import
      type(c_ptr), value :: request
      character(kind=c_char), intent(in) :: name(*)
      real(c_double), value :: start, stop
      integer(c_int64_t), value :: num
    end subroutine
    subroutine c_derivative(request, wrt) bind(c, name="gridgrad_derivative")
      import
      type(c_ptr), value :: request
      character(kind=c_char), intent(in) :: wrt(*)
    end subroutine
    subroutine c_reduce(request, dims, kind, weights) bind(c, name="gridgrad_reduce")
      import
      type(c_ptr), value :: request
      character(kind=c_char), intent(in) :: dims(*), kind(*), weights(*)
    end subroutine
    subroutine c_pullback(request, cotangent) bind(c, name="gridgrad_pullback")
      import
      type(c_ptr), value :: request
      character(kind=c_char), intent(in) :: cotangent(*)
    end subroutine
    function c_gradient(result, derivative) bind(c, name="gridgrad_gradient") result(data)
      import
      type(c_result), intent(in) :: result
      integer(c_int), value :: derivative
      type(c_ptr) :: data
    end function
    function c_bind_request(connection, request, error) bind(c, name="gridgrad_bind") result(problem)
      import
      type(c_ptr), value :: connection, request
      type(c_error), intent(out) :: error
      type(c_ptr) :: problem
    end function
    subroutine c_free_problem(problem) bind(c, name="gridgrad_free_problem")
      import
      type(c_ptr), value :: problem
    end subroutine
    function c_number_count(problem) bind(c, name="gridgrad_number_count") result(count)
      import
      type(c_ptr), value :: problem
      integer(c_size_t) :: count
    end function
    function c_submit(problem, numbers, timeout_s, call, error) bind(c, name="gridgrad_submit") result(reason)
      import
      type(c_ptr), value :: problem
      real(c_double), intent(in) :: numbers(*)
      real(c_double), value :: timeout_s
      integer(c_int64_t), intent(out) :: call
      type(c_error), intent(out) :: error
      integer(c_int) :: reason
    end function
    function c_wait(problem, call, result, error) bind(c, name="gridgrad_wait") result(reason)
      import
      type(c_ptr), value :: problem
      integer(c_int64_t), value :: call
      type(c_result), intent(out) :: result
      type(c_error), intent(out) :: error
      integer(c_int) :: reason
    end function
    subroutine c_cancel(problem, call) bind(c, name="gridgrad_cancel")
      import
      type(c_ptr), value :: problem
      integer(c_int64_t), value :: call
    end subroutine
    function c_value(result, component) bind(c, name="gridgrad_value") result(data)
      import
      type(c_result), intent(in) :: result
      integer(c_int), value :: component
      type(c_ptr) :: data
    end function
    function c_partial(result, derivative, component) bind(c, name="gridgrad_partial") result(data)
      import
      type(c_result), intent(in) :: result
      integer(c_int), value :: derivative, component
      type(c_ptr) :: data
    end function
    subroutine c_release(result) bind(c, name="gridgrad_release")
      import
      type(c_result), intent(inout) :: result
    end subroutine
    function c_reason_name(reason) bind(c, name="gridgrad_reason_name") result(name)
      import
      integer(c_int), value :: reason
      type(c_ptr) :: name
    end function
    function c_geteuid() bind(c, name="geteuid") result(uid)
      import
      integer(c_int) :: uid
    end function
  end interface

contains

  !> The name of a reason, such as BUSY.
  function gridgrad_reason(reason) result(name)
    integer, intent(in) :: reason
    character(:), allocatable :: name
    character(kind=c_char), pointer :: letters(:)
    call c_f_pointer(c_reason_name(int(reason, c_int)), letters, [32])
    name = text(letters)
  end function

  !> Connects to the path of --session-socket. uid: of the user that the server runs as, if not this one.
  subroutine connection_open(self, path, error, timeout_s, uid)
    class(gridgrad_connection), intent(inout) :: self
    character(*), intent(in) :: path
    type(gridgrad_error), intent(out) :: error
    real(c_double), intent(in), optional :: timeout_s
    integer, intent(in), optional :: uid
    type(c_error) :: why
    integer(c_int) :: user
    real(c_double) :: seconds
    user = c_geteuid()
    seconds = 10
    if (present(uid)) user = int(uid, c_int)
    if (present(timeout_s)) seconds = timeout_s
    call self%close()
    self%c = c_connect(path // c_null_char, user, seconds, why)
    error = read_error(why)
  end subroutine

  !> Binds a request; what is wrong with the function the first call says.
  function connection_bind(self, request, error) result(problem)
    class(gridgrad_connection), intent(in) :: self
    type(gridgrad_request), intent(in) :: request
    type(gridgrad_error), intent(out) :: error
    type(gridgrad_problem) :: problem
    type(c_error) :: why
    problem%c = c_bind_request(self%c, request%c, why)
    error = read_error(why)
  end function

  !> Closes it. Problems are freed before.
  subroutine connection_close(self)
    class(gridgrad_connection), intent(inout) :: self
    call c_close(self%c)
    self%c = c_null_ptr
  end subroutine

  function gridgrad_expression(text) result(request)
    character(*), intent(in) :: text
    type(gridgrad_request) :: request
    request%c = c_expression(text // c_null_char)
  end function

  function gridgrad_registered(name) result(request)
    character(*), intent(in) :: name
    type(gridgrad_request) :: request
    request%c = c_registered(name // c_null_char)
  end function

  !> An input whose numbers stay: dims are names with commas between them, values in C's order.
  subroutine request_fixed(self, name, dims, lengths, values)
    class(gridgrad_request), intent(in) :: self
    character(*), intent(in) :: name, dims
    integer, intent(in) :: lengths(:)
    real(c_double), intent(in), contiguous :: values(:)
    call c_fixed(self%c, name // c_null_char, dims // c_null_char, size(lengths, kind=c_int), &
                 int(lengths, c_int64_t), values)
  end subroutine

  subroutine request_axis(self, name, values)
    class(gridgrad_request), intent(in) :: self
    character(*), intent(in) :: name
    real(c_double), intent(in), contiguous :: values(:)
    call self%fixed(name, name, [size(values)], values)
  end subroutine

  !> An input whose numbers come with each call; a scalar if nothing else is said.
  subroutine request_varying(self, name, dims, lengths)
    class(gridgrad_request), intent(in) :: self
    character(*), intent(in) :: name
    character(*), intent(in), optional :: dims
    integer, intent(in), optional :: lengths(:)
    integer(c_int64_t) :: none(1)
    none = 0
    if (present(dims) .and. present(lengths)) then
      call c_varying(self%c, name // c_null_char, dims // c_null_char, size(lengths, kind=c_int), &
                     int(lengths, c_int64_t))
    else
      call c_varying(self%c, name // c_null_char, c_null_char, 0_c_int, none)
    end if
  end subroutine

  subroutine request_linspace(self, name, start, stop, num)
    class(gridgrad_request), intent(in) :: self
    character(*), intent(in) :: name
    real(c_double), intent(in) :: start, stop
    integer, intent(in) :: num
    call c_linspace(self%c, name // c_null_char, start, stop, int(num, c_int64_t))
  end subroutine

  !> "t", or "t,k" for the second derivative by t and k.
  subroutine request_derivative(self, wrt)
    class(gridgrad_request), intent(in) :: self
    character(*), intent(in) :: wrt
    call c_derivative(self%c, wrt // c_null_char)
  end subroutine

  subroutine request_reduce(self, dims, kind, weights)
    class(gridgrad_request), intent(in) :: self
    character(*), intent(in) :: dims, kind
    character(*), intent(in), optional :: weights
    if (present(weights)) then
      call c_reduce(self%c, dims // c_null_char, kind // c_null_char, weights // c_null_char)
    else
      call c_reduce(self%c, dims // c_null_char, kind // c_null_char, c_null_char)
    end if
  end subroutine

  !> The sum of cotangent times the function, and its gradient by the inputs of the derivatives, instead of the grid.
  subroutine request_pullback(self, cotangent)
    class(gridgrad_request), intent(in) :: self
    character(*), intent(in), optional :: cotangent
    if (present(cotangent)) then
      call c_pullback(self%c, cotangent // c_null_char)
    else
      call c_pullback(self%c, c_null_char)
    end if
  end subroutine

  subroutine request_free(self)
    class(gridgrad_request), intent(inout) :: self
    call c_free_request(self%c)
    self%c = c_null_ptr
  end subroutine

  integer function problem_number_count(self)
    class(gridgrad_problem), intent(in) :: self
    problem_number_count = int(c_number_count(self%c))
  end function

  !> Calls it with the numbers of the varying inputs, one input after another.
  subroutine problem_call(self, numbers, result, error, timeout_s)
    class(gridgrad_problem), intent(in) :: self
    real(c_double), intent(in), contiguous :: numbers(:)
    type(gridgrad_result), intent(inout) :: result
    type(gridgrad_error), intent(out) :: error
    real(c_double), intent(in), optional :: timeout_s
    integer(c_int64_t) :: number
    call self%submit(numbers, number, error, timeout_s)
    if (error%reason == 0) call self%wait(number, result, error)
  end subroutine

  !> Begins a call, which wait ends.
  subroutine problem_submit(self, numbers, number, error, timeout_s)
    class(gridgrad_problem), intent(in) :: self
    real(c_double), intent(in), contiguous :: numbers(:)
    integer(c_int64_t), intent(out) :: number
    type(gridgrad_error), intent(out) :: error
    real(c_double), intent(in), optional :: timeout_s
    type(c_error) :: why
    real(c_double) :: seconds
    integer(c_int) :: reason
    number = 0
    seconds = 0
    if (present(timeout_s)) seconds = timeout_s
    if (c_associated(self%c)) then
      if (size(numbers) /= self%number_count()) then
        error%reason = 1
        error%field = "numbers"
        error%found = "another number of them than the varying inputs have"
        error%remedy = "give number_count() of them"
        return
      end if
    end if
    reason = c_submit(self%c, numbers, seconds, number, why)
    if (reason /= 0) error = read_error(why)
  end subroutine

  subroutine problem_wait(self, number, result, error)
    class(gridgrad_problem), intent(in) :: self
    integer(c_int64_t), intent(in) :: number
    type(gridgrad_result), intent(inout) :: result
    type(gridgrad_error), intent(out) :: error
    type(c_error) :: why
    integer(c_int) :: reason
    call result%release()
    reason = c_wait(self%c, number, result%c, why)
    result%is_held = reason == 0
    if (reason /= 0) error = read_error(why)
  end subroutine

  subroutine problem_cancel(self, number)
    class(gridgrad_problem), intent(in) :: self
    integer(c_int64_t), intent(in) :: number
    call c_cancel(self%c, number)
  end subroutine

  subroutine problem_free(self)
    class(gridgrad_problem), intent(inout) :: self
    call c_free_problem(self%c)
    self%c = c_null_ptr
  end subroutine

  function result_value(self, component) result(values)
    class(gridgrad_result), intent(in) :: self
    integer, intent(in), optional :: component
    real(c_double), pointer :: values(:)
    nullify(values)
    if (self%is_held) call point(self, c_value(self%c, int(chosen(component) - 1, c_int)), values)
  end function

  function result_partial(self, derivative, component) result(values)
    class(gridgrad_result), intent(in) :: self
    integer, intent(in) :: derivative
    integer, intent(in), optional :: component
    real(c_double), pointer :: values(:)
    nullify(values)
    if (self%is_held) call point(self, c_partial(self%c, int(derivative - 1, c_int), &
                                                 int(chosen(component) - 1, c_int)), values)
  end function

  function result_gradient(self, derivative, count) result(values)
    class(gridgrad_result), intent(in) :: self
    integer, intent(in) :: derivative, count
    real(c_double), pointer :: values(:)
    type(c_ptr) :: numbers
    nullify(values)
    if (.not. self%is_held .or. count > self%c%points) return
    numbers = c_gradient(self%c, int(derivative - 1, c_int))
    if (c_associated(numbers) .and. self%c%dtype == 2) call c_f_pointer(numbers, values, [count])
  end function

  integer function chosen(component)
    integer, intent(in), optional :: component
    chosen = 1
    if (present(component)) chosen = component
  end function

  !> Points to a plane of doubles; to nothing where there is none.
  subroutine point(self, plane, values)
    class(gridgrad_result), intent(in) :: self
    type(c_ptr), intent(in) :: plane
    real(c_double), pointer, intent(inout) :: values(:)
    if (c_associated(plane) .and. self%c%dtype == 2) call c_f_pointer(plane, values, [self%c%points])
  end subroutine

  function result_lengths(self) result(lengths)
    class(gridgrad_result), intent(in) :: self
    integer, allocatable :: lengths(:)
    allocate(lengths(0))
    if (self%is_held) lengths = int(self%c%shape(:self%c%ndim))
  end function

  integer function result_components(self)
    class(gridgrad_result), intent(in) :: self
    result_components = 0
    if (self%is_held) result_components = self%c%components
  end function

  !> Gives the memory back; twice does nothing.
  subroutine result_release(self)
    class(gridgrad_result), intent(inout) :: self
    if (self%is_held) call c_release(self%c)
    self%is_held = .false.
  end subroutine

  function read_error(why) result(error)
    type(c_error), intent(in) :: why
    type(gridgrad_error) :: error
    error%reason = why%reason
    error%pushback_s = why%pushback_s
    error%field = text(why%field)
    error%found = text(why%found)
    error%remedy = text(why%remedy)
  end function

  !> What stands before the zero byte.
  function text(letters)
    character(kind=c_char), intent(in) :: letters(:)
    character(:), allocatable :: text
    integer :: i, length
    length = 0
    do while (length < size(letters))
      if (letters(length + 1) == c_null_char) exit
      length = length + 1
    end do
    allocate(character(length) :: text)
    do i = 1, length
      text(i:i) = letters(i)
    end do
  end function
end module
