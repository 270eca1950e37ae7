from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Dtype(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DTYPE_UNSPECIFIED: _ClassVar[Dtype]
    DTYPE_FLOAT32: _ClassVar[Dtype]
    DTYPE_FLOAT64: _ClassVar[Dtype]
    DTYPE_INT64: _ClassVar[Dtype]

class Tier(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIER_UNSPECIFIED: _ClassVar[Tier]
    TIER_DIRECT: _ClassVar[Tier]
    TIER_COMPILED: _ClassVar[Tier]

class ErrorReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ERROR_REASON_UNSPECIFIED: _ClassVar[ErrorReason]
    ERROR_REASON_REQUEST: _ClassVar[ErrorReason]
    ERROR_REASON_EXPRESSION: _ClassVar[ErrorReason]
    ERROR_REASON_TOO_LARGE: _ClassVar[ErrorReason]
    ERROR_REASON_UNKNOWN_FUNCTION: _ClassVar[ErrorReason]
    ERROR_REASON_BUSY: _ClassVar[ErrorReason]
    ERROR_REASON_DEADLINE: _ClassVar[ErrorReason]
    ERROR_REASON_UNAVAILABLE: _ClassVar[ErrorReason]
    ERROR_REASON_CRASH: _ClassVar[ErrorReason]
    ERROR_REASON_INTERNAL: _ClassVar[ErrorReason]
    ERROR_REASON_CANCELLED: _ClassVar[ErrorReason]
    ERROR_REASON_NOT_PREPARED: _ClassVar[ErrorReason]
    ERROR_REASON_USE_STREAM: _ClassVar[ErrorReason]
    ERROR_REASON_STARTING: _ClassVar[ErrorReason]
    ERROR_REASON_REFUSED: _ClassVar[ErrorReason]
    ERROR_REASON_FORBIDDEN: _ClassVar[ErrorReason]
    ERROR_REASON_UNSUPPORTED: _ClassVar[ErrorReason]
    ERROR_REASON_FORGOTTEN_ARRAY: _ClassVar[ErrorReason]
    ERROR_REASON_FORGOTTEN_NUMBER: _ClassVar[ErrorReason]
DTYPE_UNSPECIFIED: Dtype
DTYPE_FLOAT32: Dtype
DTYPE_FLOAT64: Dtype
DTYPE_INT64: Dtype
TIER_UNSPECIFIED: Tier
TIER_DIRECT: Tier
TIER_COMPILED: Tier
ERROR_REASON_UNSPECIFIED: ErrorReason
ERROR_REASON_REQUEST: ErrorReason
ERROR_REASON_EXPRESSION: ErrorReason
ERROR_REASON_TOO_LARGE: ErrorReason
ERROR_REASON_UNKNOWN_FUNCTION: ErrorReason
ERROR_REASON_BUSY: ErrorReason
ERROR_REASON_DEADLINE: ErrorReason
ERROR_REASON_UNAVAILABLE: ErrorReason
ERROR_REASON_CRASH: ErrorReason
ERROR_REASON_INTERNAL: ErrorReason
ERROR_REASON_CANCELLED: ErrorReason
ERROR_REASON_NOT_PREPARED: ErrorReason
ERROR_REASON_USE_STREAM: ErrorReason
ERROR_REASON_STARTING: ErrorReason
ERROR_REASON_REFUSED: ErrorReason
ERROR_REASON_FORBIDDEN: ErrorReason
ERROR_REASON_UNSUPPORTED: ErrorReason
ERROR_REASON_FORGOTTEN_ARRAY: ErrorReason
ERROR_REASON_FORGOTTEN_NUMBER: ErrorReason

class GridGradientRequest(_message.Message):
    __slots__ = ("function", "inputs", "derivatives", "dtype", "tier", "ignore_unused", "features", "bind", "fixed", "bound", "numbers", "first_row", "reduction")
    FUNCTION_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    DERIVATIVES_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    IGNORE_UNUSED_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    BIND_FIELD_NUMBER: _ClassVar[int]
    FIXED_FIELD_NUMBER: _ClassVar[int]
    BOUND_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    FIRST_ROW_FIELD_NUMBER: _ClassVar[int]
    REDUCTION_FIELD_NUMBER: _ClassVar[int]
    function: Function
    inputs: _containers.RepeatedCompositeFieldContainer[Input]
    derivatives: _containers.RepeatedCompositeFieldContainer[Derivative]
    dtype: Dtype
    tier: Tier
    ignore_unused: bool
    features: _containers.RepeatedScalarFieldContainer[str]
    bind: bool
    fixed: _containers.RepeatedScalarFieldContainer[str]
    bound: int
    numbers: bytes
    first_row: int
    reduction: Reduction
    def __init__(self, function: _Optional[_Union[Function, _Mapping]] = ..., inputs: _Optional[_Iterable[_Union[Input, _Mapping]]] = ..., derivatives: _Optional[_Iterable[_Union[Derivative, _Mapping]]] = ..., dtype: _Optional[_Union[Dtype, str]] = ..., tier: _Optional[_Union[Tier, str]] = ..., ignore_unused: bool = ..., features: _Optional[_Iterable[str]] = ..., bind: bool = ..., fixed: _Optional[_Iterable[str]] = ..., bound: _Optional[int] = ..., numbers: _Optional[bytes] = ..., first_row: _Optional[int] = ..., reduction: _Optional[_Union[Reduction, _Mapping]] = ...) -> None: ...

class Reduction(_message.Message):
    __slots__ = ("function", "dims", "kind", "weights", "data", "skip_nan", "loss", "loss_scale")
    FUNCTION_FIELD_NUMBER: _ClassVar[int]
    DIMS_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    SKIP_NAN_FIELD_NUMBER: _ClassVar[int]
    LOSS_FIELD_NUMBER: _ClassVar[int]
    LOSS_SCALE_FIELD_NUMBER: _ClassVar[int]
    function: Function
    dims: _containers.RepeatedScalarFieldContainer[str]
    kind: str
    weights: str
    data: str
    skip_nan: bool
    loss: str
    loss_scale: float
    def __init__(self, function: _Optional[_Union[Function, _Mapping]] = ..., dims: _Optional[_Iterable[str]] = ..., kind: _Optional[str] = ..., weights: _Optional[str] = ..., data: _Optional[str] = ..., skip_nan: bool = ..., loss: _Optional[str] = ..., loss_scale: _Optional[float] = ...) -> None: ...

class Function(_message.Message):
    __slots__ = ("expression", "registered")
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_FIELD_NUMBER: _ClassVar[int]
    expression: str
    registered: str
    def __init__(self, expression: _Optional[str] = ..., registered: _Optional[str] = ...) -> None: ...

class Input(_message.Message):
    __slots__ = ("name", "dims", "array", "linspace", "table")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DIMS_FIELD_NUMBER: _ClassVar[int]
    ARRAY_FIELD_NUMBER: _ClassVar[int]
    LINSPACE_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    name: str
    dims: _containers.RepeatedScalarFieldContainer[str]
    array: Array
    linspace: Linspace
    table: Table
    def __init__(self, name: _Optional[str] = ..., dims: _Optional[_Iterable[str]] = ..., array: _Optional[_Union[Array, _Mapping]] = ..., linspace: _Optional[_Union[Linspace, _Mapping]] = ..., table: _Optional[_Union[Table, _Mapping]] = ...) -> None: ...

class Table(_message.Message):
    __slots__ = ("values", "knots", "method", "outside", "boundary", "ends")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    KNOTS_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    OUTSIDE_FIELD_NUMBER: _ClassVar[int]
    BOUNDARY_FIELD_NUMBER: _ClassVar[int]
    ENDS_FIELD_NUMBER: _ClassVar[int]
    values: Array
    knots: _containers.RepeatedCompositeFieldContainer[Array]
    method: str
    outside: str
    boundary: str
    ends: _containers.RepeatedCompositeFieldContainer[TableEnd]
    def __init__(self, values: _Optional[_Union[Array, _Mapping]] = ..., knots: _Optional[_Iterable[_Union[Array, _Mapping]]] = ..., method: _Optional[str] = ..., outside: _Optional[str] = ..., boundary: _Optional[str] = ..., ends: _Optional[_Iterable[_Union[TableEnd, _Mapping]]] = ...) -> None: ...

class TableEnd(_message.Message):
    __slots__ = ("order", "value")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    order: int
    value: float
    def __init__(self, order: _Optional[int] = ..., value: _Optional[float] = ...) -> None: ...

class Array(_message.Message):
    __slots__ = ("dtype", "shape", "data", "sha256")
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    dtype: Dtype
    shape: _containers.RepeatedScalarFieldContainer[int]
    data: bytes
    sha256: bytes
    def __init__(self, dtype: _Optional[_Union[Dtype, str]] = ..., shape: _Optional[_Iterable[int]] = ..., data: _Optional[bytes] = ..., sha256: _Optional[bytes] = ...) -> None: ...

class Linspace(_message.Message):
    __slots__ = ("start", "stop", "num")
    START_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    NUM_FIELD_NUMBER: _ClassVar[int]
    start: float
    stop: float
    num: int
    def __init__(self, start: _Optional[float] = ..., stop: _Optional[float] = ..., num: _Optional[int] = ...) -> None: ...

class Derivative(_message.Message):
    __slots__ = ("wrt",)
    WRT_FIELD_NUMBER: _ClassVar[int]
    wrt: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, wrt: _Optional[_Iterable[str]] = ...) -> None: ...

class GridGradientResponse(_message.Message):
    __slots__ = ("header", "padding", "data")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PADDING_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    header: ResultHeader
    padding: bytes
    data: bytes
    def __init__(self, header: _Optional[_Union[ResultHeader, _Mapping]] = ..., padding: _Optional[bytes] = ..., data: _Optional[bytes] = ...) -> None: ...

class ResultHeader(_message.Message):
    __slots__ = ("dims", "shape", "derivatives", "components", "tuple_valued", "dtype", "info", "units", "keeps_arrays", "bound")
    DIMS_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DERIVATIVES_FIELD_NUMBER: _ClassVar[int]
    COMPONENTS_FIELD_NUMBER: _ClassVar[int]
    TUPLE_VALUED_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    INFO_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    KEEPS_ARRAYS_FIELD_NUMBER: _ClassVar[int]
    BOUND_FIELD_NUMBER: _ClassVar[int]
    dims: _containers.RepeatedScalarFieldContainer[str]
    shape: _containers.RepeatedScalarFieldContainer[int]
    derivatives: _containers.RepeatedCompositeFieldContainer[Derivative]
    components: _containers.RepeatedScalarFieldContainer[str]
    tuple_valued: bool
    dtype: Dtype
    info: Info
    units: _containers.RepeatedCompositeFieldContainer[NamedUnit]
    keeps_arrays: bool
    bound: int
    def __init__(self, dims: _Optional[_Iterable[str]] = ..., shape: _Optional[_Iterable[int]] = ..., derivatives: _Optional[_Iterable[_Union[Derivative, _Mapping]]] = ..., components: _Optional[_Iterable[str]] = ..., tuple_valued: bool = ..., dtype: _Optional[_Union[Dtype, str]] = ..., info: _Optional[_Union[Info, _Mapping]] = ..., units: _Optional[_Iterable[_Union[NamedUnit, _Mapping]]] = ..., keeps_arrays: bool = ..., bound: _Optional[int] = ...) -> None: ...

class NamedUnit(_message.Message):
    __slots__ = ("name", "unit")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    name: str
    unit: str
    def __init__(self, name: _Optional[str] = ..., unit: _Optional[str] = ...) -> None: ...

class Info(_message.Message):
    __slots__ = ("queue_s", "compute_s", "batch_size", "engine", "tier", "device", "version", "digest", "solves")
    QUEUE_S_FIELD_NUMBER: _ClassVar[int]
    COMPUTE_S_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    SOLVES_FIELD_NUMBER: _ClassVar[int]
    queue_s: float
    compute_s: float
    batch_size: int
    engine: str
    tier: str
    device: str
    version: str
    digest: str
    solves: bool
    def __init__(self, queue_s: _Optional[float] = ..., compute_s: _Optional[float] = ..., batch_size: _Optional[int] = ..., engine: _Optional[str] = ..., tier: _Optional[str] = ..., device: _Optional[str] = ..., version: _Optional[str] = ..., digest: _Optional[str] = ..., solves: bool = ...) -> None: ...

class StreamGridGradientsRequest(_message.Message):
    __slots__ = ("id", "request", "entries")
    ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    id: int
    request: GridGradientRequest
    entries: int
    def __init__(self, id: _Optional[int] = ..., request: _Optional[_Union[GridGradientRequest, _Mapping]] = ..., entries: _Optional[int] = ...) -> None: ...

class StreamGridGradientsResponse(_message.Message):
    __slots__ = ("id", "header", "window", "last", "status", "entries", "padding", "data")
    ID_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    PADDING_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    id: int
    header: ResultHeader
    window: Window
    last: bool
    status: Status
    entries: int
    padding: bytes
    data: bytes
    def __init__(self, id: _Optional[int] = ..., header: _Optional[_Union[ResultHeader, _Mapping]] = ..., window: _Optional[_Union[Window, _Mapping]] = ..., last: bool = ..., status: _Optional[_Union[Status, _Mapping]] = ..., entries: _Optional[int] = ..., padding: _Optional[bytes] = ..., data: _Optional[bytes] = ...) -> None: ...

class Window(_message.Message):
    __slots__ = ("first_plane", "planes", "first_point", "points")
    FIRST_PLANE_FIELD_NUMBER: _ClassVar[int]
    PLANES_FIELD_NUMBER: _ClassVar[int]
    FIRST_POINT_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    first_plane: int
    planes: int
    first_point: int
    points: int
    def __init__(self, first_plane: _Optional[int] = ..., planes: _Optional[int] = ..., first_point: _Optional[int] = ..., points: _Optional[int] = ...) -> None: ...

class Status(_message.Message):
    __slots__ = ("code", "message", "detail", "pushback_ms")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    PUSHBACK_MS_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: str
    detail: ErrorDetail
    pushback_ms: int
    def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ..., detail: _Optional[_Union[ErrorDetail, _Mapping]] = ..., pushback_ms: _Optional[int] = ...) -> None: ...

class ErrorDetail(_message.Message):
    __slots__ = ("reason", "field", "found", "remedy", "closer_reason")
    REASON_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    FOUND_FIELD_NUMBER: _ClassVar[int]
    REMEDY_FIELD_NUMBER: _ClassVar[int]
    CLOSER_REASON_FIELD_NUMBER: _ClassVar[int]
    reason: ErrorReason
    field: str
    found: str
    remedy: str
    closer_reason: ErrorReason
    def __init__(self, reason: _Optional[_Union[ErrorReason, str]] = ..., field: _Optional[str] = ..., found: _Optional[str] = ..., remedy: _Optional[str] = ..., closer_reason: _Optional[_Union[ErrorReason, str]] = ...) -> None: ...

class Plan(_message.Message):
    __slots__ = ("function", "inputs", "derivatives", "dtype")
    FUNCTION_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    DERIVATIVES_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    function: Function
    inputs: _containers.RepeatedCompositeFieldContainer[PlanInput]
    derivatives: _containers.RepeatedCompositeFieldContainer[Derivative]
    dtype: Dtype
    def __init__(self, function: _Optional[_Union[Function, _Mapping]] = ..., inputs: _Optional[_Iterable[_Union[PlanInput, _Mapping]]] = ..., derivatives: _Optional[_Iterable[_Union[Derivative, _Mapping]]] = ..., dtype: _Optional[_Union[Dtype, str]] = ...) -> None: ...

class PlanInput(_message.Message):
    __slots__ = ("name", "dims", "table")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DIMS_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    name: str
    dims: _containers.RepeatedScalarFieldContainer[str]
    table: Table
    def __init__(self, name: _Optional[str] = ..., dims: _Optional[_Iterable[str]] = ..., table: _Optional[_Union[Table, _Mapping]] = ...) -> None: ...

class PrepareRequest(_message.Message):
    __slots__ = ("plan",)
    PLAN_FIELD_NUMBER: _ClassVar[int]
    plan: Plan
    def __init__(self, plan: _Optional[_Union[Plan, _Mapping]] = ...) -> None: ...

class PrepareResponse(_message.Message):
    __slots__ = ("engine", "tier", "reason", "digest", "took_s", "keeps_arrays")
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    TOOK_S_FIELD_NUMBER: _ClassVar[int]
    KEEPS_ARRAYS_FIELD_NUMBER: _ClassVar[int]
    engine: str
    tier: str
    reason: str
    digest: str
    took_s: float
    keeps_arrays: bool
    def __init__(self, engine: _Optional[str] = ..., tier: _Optional[str] = ..., reason: _Optional[str] = ..., digest: _Optional[str] = ..., took_s: _Optional[float] = ..., keeps_arrays: bool = ...) -> None: ...

class ExplainRequest(_message.Message):
    __slots__ = ("plan",)
    PLAN_FIELD_NUMBER: _ClassVar[int]
    plan: Plan
    def __init__(self, plan: _Optional[_Union[Plan, _Mapping]] = ...) -> None: ...

class ExplainResponse(_message.Message):
    __slots__ = ("digest", "program", "derived", "separated", "levels", "ranks", "operations_written", "operations_hoisted", "operations_left", "engine", "tier", "reason")
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_FIELD_NUMBER: _ClassVar[int]
    DERIVED_FIELD_NUMBER: _ClassVar[int]
    SEPARATED_FIELD_NUMBER: _ClassVar[int]
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    RANKS_FIELD_NUMBER: _ClassVar[int]
    OPERATIONS_WRITTEN_FIELD_NUMBER: _ClassVar[int]
    OPERATIONS_HOISTED_FIELD_NUMBER: _ClassVar[int]
    OPERATIONS_LEFT_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    digest: str
    program: str
    derived: str
    separated: str
    levels: _containers.RepeatedCompositeFieldContainer[LevelOperations]
    ranks: _containers.RepeatedScalarFieldContainer[int]
    operations_written: int
    operations_hoisted: int
    operations_left: int
    engine: str
    tier: str
    reason: str
    def __init__(self, digest: _Optional[str] = ..., program: _Optional[str] = ..., derived: _Optional[str] = ..., separated: _Optional[str] = ..., levels: _Optional[_Iterable[_Union[LevelOperations, _Mapping]]] = ..., ranks: _Optional[_Iterable[int]] = ..., operations_written: _Optional[int] = ..., operations_hoisted: _Optional[int] = ..., operations_left: _Optional[int] = ..., engine: _Optional[str] = ..., tier: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class LevelOperations(_message.Message):
    __slots__ = ("dims", "before", "after")
    DIMS_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    dims: _containers.RepeatedScalarFieldContainer[str]
    before: int
    after: int
    def __init__(self, dims: _Optional[_Iterable[str]] = ..., before: _Optional[int] = ..., after: _Optional[int] = ...) -> None: ...

class ListFunctionsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListFunctionsResponse(_message.Message):
    __slots__ = ("functions",)
    FUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    functions: _containers.RepeatedCompositeFieldContainer[RegisteredFunction]
    def __init__(self, functions: _Optional[_Iterable[_Union[RegisteredFunction, _Mapping]]] = ...) -> None: ...

class RegisteredFunction(_message.Message):
    __slots__ = ("name", "doc", "inputs", "components", "tuple_valued", "mode", "checked", "component_units", "digest", "tables", "expression", "expression_order", "expression_in_float32", "why_functional")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DOC_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    COMPONENTS_FIELD_NUMBER: _ClassVar[int]
    TUPLE_VALUED_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    CHECKED_FIELD_NUMBER: _ClassVar[int]
    COMPONENT_UNITS_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    TABLES_FIELD_NUMBER: _ClassVar[int]
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    EXPRESSION_ORDER_FIELD_NUMBER: _ClassVar[int]
    EXPRESSION_IN_FLOAT32_FIELD_NUMBER: _ClassVar[int]
    WHY_FUNCTIONAL_FIELD_NUMBER: _ClassVar[int]
    name: str
    doc: str
    inputs: _containers.RepeatedCompositeFieldContainer[FunctionInput]
    components: _containers.RepeatedScalarFieldContainer[str]
    tuple_valued: bool
    mode: str
    checked: bool
    component_units: _containers.RepeatedScalarFieldContainer[str]
    digest: str
    tables: _containers.RepeatedCompositeFieldContainer[FunctionTable]
    expression: str
    expression_order: int
    expression_in_float32: bool
    why_functional: str
    def __init__(self, name: _Optional[str] = ..., doc: _Optional[str] = ..., inputs: _Optional[_Iterable[_Union[FunctionInput, _Mapping]]] = ..., components: _Optional[_Iterable[str]] = ..., tuple_valued: bool = ..., mode: _Optional[str] = ..., checked: bool = ..., component_units: _Optional[_Iterable[str]] = ..., digest: _Optional[str] = ..., tables: _Optional[_Iterable[_Union[FunctionTable, _Mapping]]] = ..., expression: _Optional[str] = ..., expression_order: _Optional[int] = ..., expression_in_float32: bool = ..., why_functional: _Optional[str] = ...) -> None: ...

class FunctionTable(_message.Message):
    __slots__ = ("name", "arguments", "shape", "method", "outside", "digest")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    OUTSIDE_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    name: str
    arguments: int
    shape: _containers.RepeatedScalarFieldContainer[int]
    method: str
    outside: str
    digest: str
    def __init__(self, name: _Optional[str] = ..., arguments: _Optional[int] = ..., shape: _Optional[_Iterable[int]] = ..., method: _Optional[str] = ..., outside: _Optional[str] = ..., digest: _Optional[str] = ...) -> None: ...

class FunctionInput(_message.Message):
    __slots__ = ("name", "default", "unit")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    name: str
    default: float
    unit: str
    def __init__(self, name: _Optional[str] = ..., default: _Optional[float] = ..., unit: _Optional[str] = ...) -> None: ...

class GetServerInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetServerInfoResponse(_message.Message):
    __slots__ = ("version", "devices", "limits", "language_functions", "engine", "features")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    version: str
    devices: _containers.RepeatedScalarFieldContainer[str]
    limits: Limits
    language_functions: _containers.RepeatedCompositeFieldContainer[LanguageFunction]
    engine: str
    features: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, version: _Optional[str] = ..., devices: _Optional[_Iterable[str]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., language_functions: _Optional[_Iterable[_Union[LanguageFunction, _Mapping]]] = ..., engine: _Optional[str] = ..., features: _Optional[_Iterable[str]] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("request_cost", "message_bytes", "unary_result_bytes", "inputs", "dims", "derivatives", "order", "scalars", "kept_array_bytes")
    REQUEST_COST_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    UNARY_RESULT_BYTES_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    DIMS_FIELD_NUMBER: _ClassVar[int]
    DERIVATIVES_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    SCALARS_FIELD_NUMBER: _ClassVar[int]
    KEPT_ARRAY_BYTES_FIELD_NUMBER: _ClassVar[int]
    request_cost: int
    message_bytes: int
    unary_result_bytes: int
    inputs: int
    dims: int
    derivatives: int
    order: int
    scalars: int
    kept_array_bytes: int
    def __init__(self, request_cost: _Optional[int] = ..., message_bytes: _Optional[int] = ..., unary_result_bytes: _Optional[int] = ..., inputs: _Optional[int] = ..., dims: _Optional[int] = ..., derivatives: _Optional[int] = ..., order: _Optional[int] = ..., scalars: _Optional[int] = ..., kept_array_bytes: _Optional[int] = ...) -> None: ...

class LanguageFunction(_message.Message):
    __slots__ = ("name", "signature", "formula", "aliases")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    FORMULA_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    name: str
    signature: str
    formula: str
    aliases: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., signature: _Optional[str] = ..., formula: _Optional[str] = ..., aliases: _Optional[_Iterable[str]] = ...) -> None: ...

class DrainRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DrainResponse(_message.Message):
    __slots__ = ("entries",)
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: int
    def __init__(self, entries: _Optional[int] = ...) -> None: ...

class GetServerStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetServerStatusResponse(_message.Message):
    __slots__ = ("version", "up_s", "draining", "counting_s", "load", "workers", "answers", "computed", "queue_s", "compute_s", "batch_size", "principals")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    UP_S_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    COUNTING_S_FIELD_NUMBER: _ClassVar[int]
    LOAD_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_FIELD_NUMBER: _ClassVar[int]
    QUEUE_S_FIELD_NUMBER: _ClassVar[int]
    COMPUTE_S_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    PRINCIPALS_FIELD_NUMBER: _ClassVar[int]
    version: str
    up_s: float
    draining: bool
    counting_s: float
    load: Load
    workers: _containers.RepeatedCompositeFieldContainer[WorkerStatus]
    answers: _containers.RepeatedCompositeFieldContainer[AnswerCount]
    computed: _containers.RepeatedCompositeFieldContainer[ComputedCount]
    queue_s: Distribution
    compute_s: Distribution
    batch_size: Distribution
    principals: _containers.RepeatedCompositeFieldContainer[PrincipalUse]
    def __init__(self, version: _Optional[str] = ..., up_s: _Optional[float] = ..., draining: bool = ..., counting_s: _Optional[float] = ..., load: _Optional[_Union[Load, _Mapping]] = ..., workers: _Optional[_Iterable[_Union[WorkerStatus, _Mapping]]] = ..., answers: _Optional[_Iterable[_Union[AnswerCount, _Mapping]]] = ..., computed: _Optional[_Iterable[_Union[ComputedCount, _Mapping]]] = ..., queue_s: _Optional[_Union[Distribution, _Mapping]] = ..., compute_s: _Optional[_Union[Distribution, _Mapping]] = ..., batch_size: _Optional[_Union[Distribution, _Mapping]] = ..., principals: _Optional[_Iterable[_Union[PrincipalUse, _Mapping]]] = ...) -> None: ...

class Load(_message.Message):
    __slots__ = ("queued", "entries", "most_entries", "held_bytes", "most_held_bytes", "streams", "sessions", "session_bytes", "most_session_bytes", "waiting_batches", "wanted_workers", "most_workers", "kept_arrays", "kept_array_bytes", "most_kept_array_bytes", "lanes")
    QUEUED_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    MOST_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    HELD_BYTES_FIELD_NUMBER: _ClassVar[int]
    MOST_HELD_BYTES_FIELD_NUMBER: _ClassVar[int]
    STREAMS_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    SESSION_BYTES_FIELD_NUMBER: _ClassVar[int]
    MOST_SESSION_BYTES_FIELD_NUMBER: _ClassVar[int]
    WAITING_BATCHES_FIELD_NUMBER: _ClassVar[int]
    WANTED_WORKERS_FIELD_NUMBER: _ClassVar[int]
    MOST_WORKERS_FIELD_NUMBER: _ClassVar[int]
    KEPT_ARRAYS_FIELD_NUMBER: _ClassVar[int]
    KEPT_ARRAY_BYTES_FIELD_NUMBER: _ClassVar[int]
    MOST_KEPT_ARRAY_BYTES_FIELD_NUMBER: _ClassVar[int]
    LANES_FIELD_NUMBER: _ClassVar[int]
    queued: int
    entries: int
    most_entries: int
    held_bytes: int
    most_held_bytes: int
    streams: int
    sessions: int
    session_bytes: int
    most_session_bytes: int
    waiting_batches: int
    wanted_workers: int
    most_workers: int
    kept_arrays: int
    kept_array_bytes: int
    most_kept_array_bytes: int
    lanes: int
    def __init__(self, queued: _Optional[int] = ..., entries: _Optional[int] = ..., most_entries: _Optional[int] = ..., held_bytes: _Optional[int] = ..., most_held_bytes: _Optional[int] = ..., streams: _Optional[int] = ..., sessions: _Optional[int] = ..., session_bytes: _Optional[int] = ..., most_session_bytes: _Optional[int] = ..., waiting_batches: _Optional[int] = ..., wanted_workers: _Optional[int] = ..., most_workers: _Optional[int] = ..., kept_arrays: _Optional[int] = ..., kept_array_bytes: _Optional[int] = ..., most_kept_array_bytes: _Optional[int] = ..., lanes: _Optional[int] = ...) -> None: ...

class WorkerStatus(_message.Message):
    __slots__ = ("number", "pid", "device", "ready", "batches", "restarts", "compiled", "uncompiled")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    READY_FIELD_NUMBER: _ClassVar[int]
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    RESTARTS_FIELD_NUMBER: _ClassVar[int]
    COMPILED_FIELD_NUMBER: _ClassVar[int]
    UNCOMPILED_FIELD_NUMBER: _ClassVar[int]
    number: int
    pid: int
    device: str
    ready: bool
    batches: int
    restarts: int
    compiled: int
    uncompiled: int
    def __init__(self, number: _Optional[int] = ..., pid: _Optional[int] = ..., device: _Optional[str] = ..., ready: bool = ..., batches: _Optional[int] = ..., restarts: _Optional[int] = ..., compiled: _Optional[int] = ..., uncompiled: _Optional[int] = ...) -> None: ...

class PrincipalUse(_message.Message):
    __slots__ = ("principal", "weight", "requests", "held_bytes", "sessions", "total_requests", "total_cost", "refused", "kept_array_bytes")
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    HELD_BYTES_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COST_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    KEPT_ARRAY_BYTES_FIELD_NUMBER: _ClassVar[int]
    principal: str
    weight: float
    requests: int
    held_bytes: int
    sessions: int
    total_requests: int
    total_cost: int
    refused: int
    kept_array_bytes: int
    def __init__(self, principal: _Optional[str] = ..., weight: _Optional[float] = ..., requests: _Optional[int] = ..., held_bytes: _Optional[int] = ..., sessions: _Optional[int] = ..., total_requests: _Optional[int] = ..., total_cost: _Optional[int] = ..., refused: _Optional[int] = ..., kept_array_bytes: _Optional[int] = ...) -> None: ...

class AnswerCount(_message.Message):
    __slots__ = ("via", "code", "count")
    VIA_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    via: str
    code: int
    count: int
    def __init__(self, via: _Optional[str] = ..., code: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class ComputedCount(_message.Message):
    __slots__ = ("engine", "tier", "grids", "points")
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    GRIDS_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    engine: str
    tier: str
    grids: int
    points: int
    def __init__(self, engine: _Optional[str] = ..., tier: _Optional[str] = ..., grids: _Optional[int] = ..., points: _Optional[int] = ...) -> None: ...

class Distribution(_message.Message):
    __slots__ = ("bounds", "counts", "sum")
    BOUNDS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    SUM_FIELD_NUMBER: _ClassVar[int]
    bounds: _containers.RepeatedScalarFieldContainer[float]
    counts: _containers.RepeatedScalarFieldContainer[int]
    sum: float
    def __init__(self, bounds: _Optional[_Iterable[float]] = ..., counts: _Optional[_Iterable[int]] = ..., sum: _Optional[float] = ...) -> None: ...

class OpenSessionRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class OpenSessionResponse(_message.Message):
    __slots__ = ("socket", "token", "lanes", "packs")
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    LANES_FIELD_NUMBER: _ClassVar[int]
    PACKS_FIELD_NUMBER: _ClassVar[int]
    socket: str
    token: bytes
    lanes: bool
    packs: bool
    def __init__(self, socket: _Optional[str] = ..., token: _Optional[bytes] = ..., lanes: bool = ..., packs: bool = ...) -> None: ...

class SessionRequest(_message.Message):
    __slots__ = ("token", "id", "timeout_s", "released", "cancel", "lane_slots", "request", "pack")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_S_FIELD_NUMBER: _ClassVar[int]
    RELEASED_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    LANE_SLOTS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    PACK_FIELD_NUMBER: _ClassVar[int]
    token: bytes
    id: int
    timeout_s: float
    released: _containers.RepeatedScalarFieldContainer[int]
    cancel: int
    lane_slots: int
    request: bytes
    pack: bytes
    def __init__(self, token: _Optional[bytes] = ..., id: _Optional[int] = ..., timeout_s: _Optional[float] = ..., released: _Optional[_Iterable[int]] = ..., cancel: _Optional[int] = ..., lane_slots: _Optional[int] = ..., request: _Optional[bytes] = ..., pack: _Optional[bytes] = ...) -> None: ...

class SessionResponse(_message.Message):
    __slots__ = ("id", "status", "lease", "memory_bytes", "window", "last", "lane", "lanes", "packs", "response")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    LEASE_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    LANE_FIELD_NUMBER: _ClassVar[int]
    LANES_FIELD_NUMBER: _ClassVar[int]
    PACKS_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    id: int
    status: Status
    lease: Lease
    memory_bytes: int
    window: Window
    last: bool
    lane: LaneGrant
    lanes: bool
    packs: bool
    response: bytes
    def __init__(self, id: _Optional[int] = ..., status: _Optional[_Union[Status, _Mapping]] = ..., lease: _Optional[_Union[Lease, _Mapping]] = ..., memory_bytes: _Optional[int] = ..., window: _Optional[_Union[Window, _Mapping]] = ..., last: bool = ..., lane: _Optional[_Union[LaneGrant, _Mapping]] = ..., lanes: bool = ..., packs: bool = ..., response: _Optional[bytes] = ...) -> None: ...

class LaneGrant(_message.Message):
    __slots__ = ("bound", "slots", "first_slot", "numbers_offset", "numbers_bytes", "result_offset", "result_bytes", "stride", "memory_bytes", "info")
    BOUND_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    FIRST_SLOT_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_OFFSET_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_BYTES_FIELD_NUMBER: _ClassVar[int]
    RESULT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    RESULT_BYTES_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    INFO_FIELD_NUMBER: _ClassVar[int]
    bound: int
    slots: int
    first_slot: int
    numbers_offset: int
    numbers_bytes: int
    result_offset: int
    result_bytes: int
    stride: int
    memory_bytes: int
    info: Info
    def __init__(self, bound: _Optional[int] = ..., slots: _Optional[int] = ..., first_slot: _Optional[int] = ..., numbers_offset: _Optional[int] = ..., numbers_bytes: _Optional[int] = ..., result_offset: _Optional[int] = ..., result_bytes: _Optional[int] = ..., stride: _Optional[int] = ..., memory_bytes: _Optional[int] = ..., info: _Optional[_Union[Info, _Mapping]] = ...) -> None: ...

class Lease(_message.Message):
    __slots__ = ("number", "offset", "size")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    number: int
    offset: int
    size: int
    def __init__(self, number: _Optional[int] = ..., offset: _Optional[int] = ..., size: _Optional[int] = ...) -> None: ...
