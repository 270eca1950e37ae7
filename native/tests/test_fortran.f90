! Calls a server in all the ways of the module: test_fortran PATH.
program test_fortran
  use gridgrad
  use, intrinsic :: iso_c_binding
  implicit none
  type(gridgrad_connection) :: connection, nowhere
  type(gridgrad_request) :: request
  type(gridgrad_problem) :: problem, wrong, total, loss
  type(gridgrad_result) :: result
  type(gridgrad_error) :: error
  real(c_double), pointer :: f(:), by_t(:), by_both(:)
  real(c_double) :: a
  integer(c_int64_t) :: number
  character(1000) :: path
  integer :: i

  call get_command_argument(1, path)
  call connection%open(trim(path), error)
  call check(error%reason == 0, "opened")

  request = gridgrad_expression("a*t*k + 2*t*k**2")
  call request%axis("t", [1d0, 2d0, 4d0])
  call request%varying("k", "k", [2])
  call request%varying("a")
  call request%derivative("t")
  call request%derivative("t,k")
  problem = connection%bind(request, error)
  call check(error%reason == 0, "bound")
  call request%free()
  call check(problem%number_count() == 3, "three numbers")

  do i = 1, 100
    a = i
    call problem%call([2d0, 3d0, a], result, error, timeout_s=30d0)
    call check(error%reason == 0, "called")
    f => result%value()
    by_t => result%partial(1)
    by_both => result%partial(2)
    call check(all(result%lengths() == [3, 2]) .and. size(f) == 6, "shape")
    call check(f(6) == a*4*3 + 2*4*9 .and. by_t(1) == a*2 + 8 .and. by_both(6) == a + 12, "numbers")
  end do
  call check(.not. associated(result%partial(3)) .and. .not. associated(result%value(2)), "no such plane")

  call problem%submit([5d0, 6d0, 0d0], number, error)
  call problem%wait(number, result, error)
  f => result%value()
  call check(error%reason == 0 .and. f(1) == 50, "in flight")
  call problem%call([1d0], result, error)
  call check(error%reason == 1 .and. error%field == "numbers", "too few numbers")
  call result%release()
  call result%release()

  request = gridgrad_expression("x*w")
  call request%linspace("x", 0d0, 1d0, 5)
  call request%fixed("w", "x", [5], [1d0, 1d0, 1d0, 1d0, 2d0])
  call request%reduce("x", "sum")
  total = connection%bind(request, error)
  call total%call([real(c_double) ::], result, error)
  f => result%value()
  call check(error%reason == 0 .and. size(f) == 1, "reduced")
  call check(f(1) == 3.5d0, "the sum")
  call result%release()
  call request%free()

  request = gridgrad_expression("t*k + 2*t*k**2")
  call request%axis("t", [1d0, 2d0])
  call request%varying("k", "k", [2])
  call request%derivative("k")
  call request%pullback()
  loss = connection%bind(request, error)
  call loss%call([2d0, 3d0], result, error)
  call check(error%reason == 0, "pulled back")
  f => result%gradient(1, 2)
  call check(associated(f), "a gradient")
  call check(all(f == [27d0, 39d0]), "its numbers")
  call result%release()
  call request%free()

  request = gridgrad_expression("x +")
  call request%linspace("x", 0d0, 1d0, 5)
  wrong = connection%bind(request, error)
  call wrong%call([real(c_double) ::], result, error)
  call check(gridgrad_reason(error%reason) == "EXPRESSION" .and. len(error%remedy) > 0, "refused")
  call request%free()
  call nowhere%open("/no/such/socket", error)
  call check(gridgrad_reason(error%reason) == "UNAVAILABLE", "no server")

  call problem%free()
  call total%free()
  call loss%free()
  call wrong%free()
  call connection%close()

contains

  subroutine check(condition, what)
    logical, intent(in) :: condition
    character(*), intent(in) :: what
    if (condition) return
    print *, "not ", what
    if (error%reason /= 0) print *, gridgrad_reason(error%reason), error%field, error%found, error%remedy
    error stop 1
  end subroutine
end program
