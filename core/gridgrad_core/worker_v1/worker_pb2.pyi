from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ServerMessage(_message.Message):
    __slots__ = ("batch", "ping", "prepare", "explain", "bind_lane", "close_lane")
    BATCH_FIELD_NUMBER: _ClassVar[int]
    PING_FIELD_NUMBER: _ClassVar[int]
    PREPARE_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_FIELD_NUMBER: _ClassVar[int]
    BIND_LANE_FIELD_NUMBER: _ClassVar[int]
    CLOSE_LANE_FIELD_NUMBER: _ClassVar[int]
    batch: Batch
    ping: Ping
    prepare: PlanRequest
    explain: PlanRequest
    bind_lane: BindLane
    close_lane: int
    def __init__(self, batch: _Optional[_Union[Batch, _Mapping]] = ..., ping: _Optional[_Union[Ping, _Mapping]] = ..., prepare: _Optional[_Union[PlanRequest, _Mapping]] = ..., explain: _Optional[_Union[PlanRequest, _Mapping]] = ..., bind_lane: _Optional[_Union[BindLane, _Mapping]] = ..., close_lane: _Optional[int] = ...) -> None: ...

class WorkerMessage(_message.Message):
    __slots__ = ("ready", "done", "pong", "fatal", "state", "explanation", "lost", "lane_bound", "reached")
    READY_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    PONG_FIELD_NUMBER: _ClassVar[int]
    FATAL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    LANE_BOUND_FIELD_NUMBER: _ClassVar[int]
    REACHED_FIELD_NUMBER: _ClassVar[int]
    ready: Ready
    done: BatchDone
    pong: Pong
    fatal: str
    state: PlanState
    explanation: Explanation
    lost: WorkerLost
    lane_bound: LaneBound
    reached: Reached
    def __init__(self, ready: _Optional[_Union[Ready, _Mapping]] = ..., done: _Optional[_Union[BatchDone, _Mapping]] = ..., pong: _Optional[_Union[Pong, _Mapping]] = ..., fatal: _Optional[str] = ..., state: _Optional[_Union[PlanState, _Mapping]] = ..., explanation: _Optional[_Union[Explanation, _Mapping]] = ..., lost: _Optional[_Union[WorkerLost, _Mapping]] = ..., lane_bound: _Optional[_Union[LaneBound, _Mapping]] = ..., reached: _Optional[_Union[Reached, _Mapping]] = ...) -> None: ...

class BindLane(_message.Message):
    __slots__ = ("lane", "first_slot", "slots", "batch", "inputs_stride", "lane_stride", "copies", "cost", "points", "bell_attached")
    LANE_FIELD_NUMBER: _ClassVar[int]
    FIRST_SLOT_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    INPUTS_STRIDE_FIELD_NUMBER: _ClassVar[int]
    LANE_STRIDE_FIELD_NUMBER: _ClassVar[int]
    COPIES_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    BELL_ATTACHED_FIELD_NUMBER: _ClassVar[int]
    lane: int
    first_slot: int
    slots: int
    batch: Batch
    inputs_stride: int
    lane_stride: int
    copies: _containers.RepeatedCompositeFieldContainer[LaneCopy]
    cost: int
    points: int
    bell_attached: bool
    def __init__(self, lane: _Optional[int] = ..., first_slot: _Optional[int] = ..., slots: _Optional[int] = ..., batch: _Optional[_Union[Batch, _Mapping]] = ..., inputs_stride: _Optional[int] = ..., lane_stride: _Optional[int] = ..., copies: _Optional[_Iterable[_Union[LaneCopy, _Mapping]]] = ..., cost: _Optional[int] = ..., points: _Optional[int] = ..., bell_attached: bool = ...) -> None: ...

class LaneCopy(_message.Message):
    __slots__ = ("lane_offset", "offset", "size")
    LANE_OFFSET_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    lane_offset: int
    offset: int
    size: int
    def __init__(self, lane_offset: _Optional[int] = ..., offset: _Optional[int] = ..., size: _Optional[int] = ...) -> None: ...

class LaneBound(_message.Message):
    __slots__ = ("lane", "first_slot", "bound")
    LANE_FIELD_NUMBER: _ClassVar[int]
    FIRST_SLOT_FIELD_NUMBER: _ClassVar[int]
    BOUND_FIELD_NUMBER: _ClassVar[int]
    lane: int
    first_slot: int
    bound: bool
    def __init__(self, lane: _Optional[int] = ..., first_slot: _Optional[int] = ..., bound: bool = ...) -> None: ...

class WorkerLost(_message.Message):
    __slots__ = ("why", "blamed")
    WHY_FIELD_NUMBER: _ClassVar[int]
    BLAMED_FIELD_NUMBER: _ClassVar[int]
    why: str
    blamed: bool
    def __init__(self, why: _Optional[str] = ..., blamed: bool = ...) -> None: ...

class Ping(_message.Message):
    __slots__ = ("forget_slots", "question")
    FORGET_SLOTS_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    forget_slots: _containers.RepeatedScalarFieldContainer[int]
    question: int
    def __init__(self, forget_slots: _Optional[_Iterable[int]] = ..., question: _Optional[int] = ...) -> None: ...

class Pong(_message.Message):
    __slots__ = ("question",)
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    question: int
    def __init__(self, question: _Optional[int] = ...) -> None: ...

class Ready(_message.Message):
    __slots__ = ("device", "functions", "refused")
    class RefusedEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    FUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    device: str
    functions: _containers.RepeatedCompositeFieldContainer[RegisteredFunction]
    refused: _containers.ScalarMap[str, str]
    def __init__(self, device: _Optional[str] = ..., functions: _Optional[_Iterable[_Union[RegisteredFunction, _Mapping]]] = ..., refused: _Optional[_Mapping[str, str]] = ...) -> None: ...

class RegisteredFunction(_message.Message):
    __slots__ = ("name", "doc", "inputs", "components", "tuple_valued", "mode", "checked", "component_units", "digest", "expression", "expression_order", "expression_in_float32", "why_functional")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DOC_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    COMPONENTS_FIELD_NUMBER: _ClassVar[int]
    TUPLE_VALUED_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    CHECKED_FIELD_NUMBER: _ClassVar[int]
    COMPONENT_UNITS_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
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
    expression: str
    expression_order: int
    expression_in_float32: bool
    why_functional: str
    def __init__(self, name: _Optional[str] = ..., doc: _Optional[str] = ..., inputs: _Optional[_Iterable[_Union[FunctionInput, _Mapping]]] = ..., components: _Optional[_Iterable[str]] = ..., tuple_valued: bool = ..., mode: _Optional[str] = ..., checked: bool = ..., component_units: _Optional[_Iterable[str]] = ..., digest: _Optional[str] = ..., expression: _Optional[str] = ..., expression_order: _Optional[int] = ..., expression_in_float32: bool = ..., why_functional: _Optional[str] = ...) -> None: ...

class FunctionInput(_message.Message):
    __slots__ = ("name", "default", "unit")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    name: str
    default: float
    unit: str
    def __init__(self, name: _Optional[str] = ..., default: _Optional[float] = ..., unit: _Optional[str] = ...) -> None: ...

class Plan(_message.Message):
    __slots__ = ("expression", "registered", "dtype", "inputs", "derivatives", "derived", "tables", "reduction", "owner", "owner_cache_bytes")
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    DERIVATIVES_FIELD_NUMBER: _ClassVar[int]
    DERIVED_FIELD_NUMBER: _ClassVar[int]
    TABLES_FIELD_NUMBER: _ClassVar[int]
    REDUCTION_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    OWNER_CACHE_BYTES_FIELD_NUMBER: _ClassVar[int]
    expression: str
    registered: str
    dtype: str
    inputs: _containers.RepeatedCompositeFieldContainer[PlanInput]
    derivatives: _containers.RepeatedCompositeFieldContainer[PlanDerivative]
    derived: bytes
    tables: _containers.RepeatedCompositeFieldContainer[PlanTable]
    reduction: PlanReduction
    owner: str
    owner_cache_bytes: int
    def __init__(self, expression: _Optional[str] = ..., registered: _Optional[str] = ..., dtype: _Optional[str] = ..., inputs: _Optional[_Iterable[_Union[PlanInput, _Mapping]]] = ..., derivatives: _Optional[_Iterable[_Union[PlanDerivative, _Mapping]]] = ..., derived: _Optional[bytes] = ..., tables: _Optional[_Iterable[_Union[PlanTable, _Mapping]]] = ..., reduction: _Optional[_Union[PlanReduction, _Mapping]] = ..., owner: _Optional[str] = ..., owner_cache_bytes: _Optional[int] = ...) -> None: ...

class PlanReduction(_message.Message):
    __slots__ = ("kind", "dims", "weights", "stage", "segment_blocks", "planes", "data", "skip_nan", "loss", "loss_scale")
    KIND_FIELD_NUMBER: _ClassVar[int]
    DIMS_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    PLANES_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    SKIP_NAN_FIELD_NUMBER: _ClassVar[int]
    LOSS_FIELD_NUMBER: _ClassVar[int]
    LOSS_SCALE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    dims: _containers.RepeatedScalarFieldContainer[int]
    weights: str
    stage: str
    segment_blocks: int
    planes: int
    data: str
    skip_nan: bool
    loss: str
    loss_scale: float
    def __init__(self, kind: _Optional[str] = ..., dims: _Optional[_Iterable[int]] = ..., weights: _Optional[str] = ..., stage: _Optional[str] = ..., segment_blocks: _Optional[int] = ..., planes: _Optional[int] = ..., data: _Optional[str] = ..., skip_nan: bool = ..., loss: _Optional[str] = ..., loss_scale: _Optional[float] = ...) -> None: ...

class PlanTable(_message.Message):
    __slots__ = ("name", "dims", "degree", "outside", "components", "table", "digest")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DIMS_FIELD_NUMBER: _ClassVar[int]
    DEGREE_FIELD_NUMBER: _ClassVar[int]
    OUTSIDE_FIELD_NUMBER: _ClassVar[int]
    COMPONENTS_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    name: str
    dims: int
    degree: int
    outside: str
    components: int
    table: bytes
    digest: str
    def __init__(self, name: _Optional[str] = ..., dims: _Optional[int] = ..., degree: _Optional[int] = ..., outside: _Optional[str] = ..., components: _Optional[int] = ..., table: _Optional[bytes] = ..., digest: _Optional[str] = ...) -> None: ...

class PlanInput(_message.Message):
    __slots__ = ("name", "dims")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DIMS_FIELD_NUMBER: _ClassVar[int]
    name: str
    dims: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., dims: _Optional[_Iterable[str]] = ...) -> None: ...

class PlanDerivative(_message.Message):
    __slots__ = ("wrt",)
    WRT_FIELD_NUMBER: _ClassVar[int]
    wrt: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, wrt: _Optional[_Iterable[int]] = ...) -> None: ...

class PlanRequest(_message.Message):
    __slots__ = ("plan_id", "plan", "forget_plans")
    PLAN_ID_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    FORGET_PLANS_FIELD_NUMBER: _ClassVar[int]
    plan_id: int
    plan: Plan
    forget_plans: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, plan_id: _Optional[int] = ..., plan: _Optional[_Union[Plan, _Mapping]] = ..., forget_plans: _Optional[_Iterable[int]] = ...) -> None: ...

class PlanState(_message.Message):
    __slots__ = ("plan_id", "compiled", "why", "engine")
    PLAN_ID_FIELD_NUMBER: _ClassVar[int]
    COMPILED_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    plan_id: int
    compiled: str
    why: str
    engine: str
    def __init__(self, plan_id: _Optional[int] = ..., compiled: _Optional[str] = ..., why: _Optional[str] = ..., engine: _Optional[str] = ...) -> None: ...

class Explanation(_message.Message):
    __slots__ = ("plan_id", "failure", "derived", "separated", "levels", "ranks", "written", "hoisted", "left", "program")
    PLAN_ID_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    DERIVED_FIELD_NUMBER: _ClassVar[int]
    SEPARATED_FIELD_NUMBER: _ClassVar[int]
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    RANKS_FIELD_NUMBER: _ClassVar[int]
    WRITTEN_FIELD_NUMBER: _ClassVar[int]
    HOISTED_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_FIELD_NUMBER: _ClassVar[int]
    plan_id: int
    failure: PieceFailure
    derived: str
    separated: str
    levels: _containers.RepeatedCompositeFieldContainer[LevelCount]
    ranks: _containers.RepeatedScalarFieldContainer[int]
    written: int
    hoisted: int
    left: int
    program: str
    def __init__(self, plan_id: _Optional[int] = ..., failure: _Optional[_Union[PieceFailure, _Mapping]] = ..., derived: _Optional[str] = ..., separated: _Optional[str] = ..., levels: _Optional[_Iterable[_Union[LevelCount, _Mapping]]] = ..., ranks: _Optional[_Iterable[int]] = ..., written: _Optional[int] = ..., hoisted: _Optional[int] = ..., left: _Optional[int] = ..., program: _Optional[str] = ...) -> None: ...

class LevelCount(_message.Message):
    __slots__ = ("dims", "before", "after")
    DIMS_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    dims: _containers.RepeatedScalarFieldContainer[str]
    before: int
    after: int
    def __init__(self, dims: _Optional[_Iterable[str]] = ..., before: _Optional[int] = ..., after: _Optional[int] = ...) -> None: ...

class Batch(_message.Message):
    __slots__ = ("id", "plan_id", "plan", "forget_plans", "slots", "pieces", "cautious")
    ID_FIELD_NUMBER: _ClassVar[int]
    PLAN_ID_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    FORGET_PLANS_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    PIECES_FIELD_NUMBER: _ClassVar[int]
    CAUTIOUS_FIELD_NUMBER: _ClassVar[int]
    id: int
    plan_id: int
    plan: Plan
    forget_plans: _containers.RepeatedScalarFieldContainer[int]
    slots: _containers.RepeatedCompositeFieldContainer[Slot]
    pieces: _containers.RepeatedCompositeFieldContainer[Piece]
    cautious: bool
    def __init__(self, id: _Optional[int] = ..., plan_id: _Optional[int] = ..., plan: _Optional[_Union[Plan, _Mapping]] = ..., forget_plans: _Optional[_Iterable[int]] = ..., slots: _Optional[_Iterable[_Union[Slot, _Mapping]]] = ..., pieces: _Optional[_Iterable[_Union[Piece, _Mapping]]] = ..., cautious: bool = ...) -> None: ...

class Slot(_message.Message):
    __slots__ = ("id", "size", "descriptor_attached", "forget")
    ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTOR_ATTACHED_FIELD_NUMBER: _ClassVar[int]
    FORGET_FIELD_NUMBER: _ClassVar[int]
    id: int
    size: int
    descriptor_attached: bool
    forget: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, id: _Optional[int] = ..., size: _Optional[int] = ..., descriptor_attached: bool = ..., forget: _Optional[_Iterable[int]] = ...) -> None: ...

class Piece(_message.Message):
    __slots__ = ("layout", "result_offset", "inputs_slot", "inputs_offset", "tier", "entries", "first_entry", "result_slot", "result_stride")
    LAYOUT_FIELD_NUMBER: _ClassVar[int]
    RESULT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    INPUTS_SLOT_FIELD_NUMBER: _ClassVar[int]
    INPUTS_OFFSET_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    FIRST_ENTRY_FIELD_NUMBER: _ClassVar[int]
    RESULT_SLOT_FIELD_NUMBER: _ClassVar[int]
    RESULT_STRIDE_FIELD_NUMBER: _ClassVar[int]
    layout: bytes
    result_offset: int
    inputs_slot: int
    inputs_offset: int
    tier: str
    entries: int
    first_entry: int
    result_slot: int
    result_stride: int
    def __init__(self, layout: _Optional[bytes] = ..., result_offset: _Optional[int] = ..., inputs_slot: _Optional[int] = ..., inputs_offset: _Optional[int] = ..., tier: _Optional[str] = ..., entries: _Optional[int] = ..., first_entry: _Optional[int] = ..., result_slot: _Optional[int] = ..., result_stride: _Optional[int] = ...) -> None: ...

class PieceLayout(_message.Message):
    __slots__ = ("inputs", "start", "shape")
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    inputs: _containers.RepeatedCompositeFieldContainer[PieceInput]
    start: _containers.RepeatedScalarFieldContainer[int]
    shape: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, inputs: _Optional[_Iterable[_Union[PieceInput, _Mapping]]] = ..., start: _Optional[_Iterable[int]] = ..., shape: _Optional[_Iterable[int]] = ...) -> None: ...

class PieceInput(_message.Message):
    __slots__ = ("array", "linspace")
    ARRAY_FIELD_NUMBER: _ClassVar[int]
    LINSPACE_FIELD_NUMBER: _ClassVar[int]
    array: SlotArray
    linspace: Linspace
    def __init__(self, array: _Optional[_Union[SlotArray, _Mapping]] = ..., linspace: _Optional[_Union[Linspace, _Mapping]] = ...) -> None: ...

class SlotArray(_message.Message):
    __slots__ = ("offset", "shape", "dtype", "stacked")
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    STACKED_FIELD_NUMBER: _ClassVar[int]
    offset: int
    shape: _containers.RepeatedScalarFieldContainer[int]
    dtype: str
    stacked: bool
    def __init__(self, offset: _Optional[int] = ..., shape: _Optional[_Iterable[int]] = ..., dtype: _Optional[str] = ..., stacked: bool = ...) -> None: ...

class Linspace(_message.Message):
    __slots__ = ("start", "stop", "num")
    START_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    NUM_FIELD_NUMBER: _ClassVar[int]
    start: float
    stop: float
    num: int
    def __init__(self, start: _Optional[float] = ..., stop: _Optional[float] = ..., num: _Optional[int] = ...) -> None: ...

class BatchDone(_message.Message):
    __slots__ = ("id", "compute_s", "engine", "failures", "tiers")
    ID_FIELD_NUMBER: _ClassVar[int]
    COMPUTE_S_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    TIERS_FIELD_NUMBER: _ClassVar[int]
    id: int
    compute_s: float
    engine: str
    failures: _containers.RepeatedCompositeFieldContainer[PieceFailure]
    tiers: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[int] = ..., compute_s: _Optional[float] = ..., engine: _Optional[str] = ..., failures: _Optional[_Iterable[_Union[PieceFailure, _Mapping]]] = ..., tiers: _Optional[_Iterable[str]] = ...) -> None: ...

class PieceFailure(_message.Message):
    __slots__ = ("reason", "field", "found", "remedy")
    REASON_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    FOUND_FIELD_NUMBER: _ClassVar[int]
    REMEDY_FIELD_NUMBER: _ClassVar[int]
    reason: str
    field: str
    found: str
    remedy: str
    def __init__(self, reason: _Optional[str] = ..., field: _Optional[str] = ..., found: _Optional[str] = ..., remedy: _Optional[str] = ...) -> None: ...

class OpenWorker(_message.Message):
    __slots__ = ("name", "device", "cpus", "arguments", "channel")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    CPUS_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    name: int
    device: str
    cpus: int
    arguments: _containers.RepeatedScalarFieldContainer[str]
    channel: str
    def __init__(self, name: _Optional[int] = ..., device: _Optional[str] = ..., cpus: _Optional[int] = ..., arguments: _Optional[_Iterable[str]] = ..., channel: _Optional[str] = ...) -> None: ...

class Reached(_message.Message):
    __slots__ = ("shares_memory",)
    SHARES_MEMORY_FIELD_NUMBER: _ClassVar[int]
    shares_memory: bool
    def __init__(self, shares_memory: bool = ...) -> None: ...

class Listening(_message.Message):
    __slots__ = ("name", "host", "port")
    NAME_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    name: str
    host: str
    port: int
    def __init__(self, name: _Optional[str] = ..., host: _Optional[str] = ..., port: _Optional[int] = ...) -> None: ...

class ClusterReport(_message.Message):
    __slots__ = ("failure",)
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    failure: str
    def __init__(self, failure: _Optional[str] = ...) -> None: ...

class Exchange(_message.Message):
    __slots__ = ("message", "inputs")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    message: bytes
    inputs: _containers.RepeatedCompositeFieldContainer[Span]
    def __init__(self, message: _Optional[bytes] = ..., inputs: _Optional[_Iterable[_Union[Span, _Mapping]]] = ...) -> None: ...

class Exchanged(_message.Message):
    __slots__ = ("messages", "results", "is_compiling")
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    IS_COMPILING_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedScalarFieldContainer[bytes]
    results: _containers.RepeatedCompositeFieldContainer[Span]
    is_compiling: bool
    def __init__(self, messages: _Optional[_Iterable[bytes]] = ..., results: _Optional[_Iterable[_Union[Span, _Mapping]]] = ..., is_compiling: bool = ...) -> None: ...

class Span(_message.Message):
    __slots__ = ("slot", "offset", "rows", "row_bytes", "pitch")
    SLOT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    ROW_BYTES_FIELD_NUMBER: _ClassVar[int]
    PITCH_FIELD_NUMBER: _ClassVar[int]
    slot: int
    offset: int
    rows: int
    row_bytes: int
    pitch: int
    def __init__(self, slot: _Optional[int] = ..., offset: _Optional[int] = ..., rows: _Optional[int] = ..., row_bytes: _Optional[int] = ..., pitch: _Optional[int] = ...) -> None: ...

class HelperJob(_message.Message):
    __slots__ = ("parse", "derive", "explain")
    PARSE_FIELD_NUMBER: _ClassVar[int]
    DERIVE_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_FIELD_NUMBER: _ClassVar[int]
    parse: SourceText
    derive: Plan
    explain: Plan
    def __init__(self, parse: _Optional[_Union[SourceText, _Mapping]] = ..., derive: _Optional[_Union[Plan, _Mapping]] = ..., explain: _Optional[_Union[Plan, _Mapping]] = ...) -> None: ...

class SourceText(_message.Message):
    __slots__ = ("text", "inputs", "tables")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    TABLES_FIELD_NUMBER: _ClassVar[int]
    text: str
    inputs: _containers.RepeatedScalarFieldContainer[str]
    tables: _containers.RepeatedCompositeFieldContainer[PlanTable]
    def __init__(self, text: _Optional[str] = ..., inputs: _Optional[_Iterable[str]] = ..., tables: _Optional[_Iterable[_Union[PlanTable, _Mapping]]] = ...) -> None: ...

class HelperAnswer(_message.Message):
    __slots__ = ("failure", "parsed", "derived", "explanation", "exceeded")
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    PARSED_FIELD_NUMBER: _ClassVar[int]
    DERIVED_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    EXCEEDED_FIELD_NUMBER: _ClassVar[int]
    failure: PieceFailure
    parsed: ParsedText
    derived: bytes
    explanation: Explanation
    exceeded: str
    def __init__(self, failure: _Optional[_Union[PieceFailure, _Mapping]] = ..., parsed: _Optional[_Union[ParsedText, _Mapping]] = ..., derived: _Optional[bytes] = ..., explanation: _Optional[_Union[Explanation, _Mapping]] = ..., exceeded: _Optional[str] = ...) -> None: ...

class ParsedText(_message.Message):
    __slots__ = ("text", "digest", "components", "tuple_valued", "inputs", "assigned", "operations", "called")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    COMPONENTS_FIELD_NUMBER: _ClassVar[int]
    TUPLE_VALUED_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    ASSIGNED_FIELD_NUMBER: _ClassVar[int]
    OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    CALLED_FIELD_NUMBER: _ClassVar[int]
    text: str
    digest: str
    components: _containers.RepeatedScalarFieldContainer[str]
    tuple_valued: bool
    inputs: _containers.RepeatedScalarFieldContainer[str]
    assigned: _containers.RepeatedScalarFieldContainer[str]
    operations: int
    called: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, text: _Optional[str] = ..., digest: _Optional[str] = ..., components: _Optional[_Iterable[str]] = ..., tuple_valued: bool = ..., inputs: _Optional[_Iterable[str]] = ..., assigned: _Optional[_Iterable[str]] = ..., operations: _Optional[int] = ..., called: _Optional[_Iterable[str]] = ...) -> None: ...

class DerivedPlan(_message.Message):
    __slots__ = ("written", "separated", "checked", "ranks", "saved")
    WRITTEN_FIELD_NUMBER: _ClassVar[int]
    SEPARATED_FIELD_NUMBER: _ClassVar[int]
    CHECKED_FIELD_NUMBER: _ClassVar[int]
    RANKS_FIELD_NUMBER: _ClassVar[int]
    SAVED_FIELD_NUMBER: _ClassVar[int]
    written: NodeTable
    separated: NodeTable
    checked: _containers.RepeatedCompositeFieldContainer[CheckedSum]
    ranks: _containers.RepeatedScalarFieldContainer[int]
    saved: float
    def __init__(self, written: _Optional[_Union[NodeTable, _Mapping]] = ..., separated: _Optional[_Union[NodeTable, _Mapping]] = ..., checked: _Optional[_Iterable[_Union[CheckedSum, _Mapping]]] = ..., ranks: _Optional[_Iterable[int]] = ..., saved: _Optional[float] = ...) -> None: ...

class NodeTable(_message.Message):
    __slots__ = ("operations", "codes", "arguments", "constants", "inputs", "outputs")
    OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    CONSTANTS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    operations: _containers.RepeatedCompositeFieldContainer[TableOperation]
    codes: _containers.RepeatedScalarFieldContainer[int]
    arguments: _containers.RepeatedScalarFieldContainer[int]
    constants: _containers.RepeatedScalarFieldContainer[float]
    inputs: _containers.RepeatedScalarFieldContainer[str]
    outputs: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, operations: _Optional[_Iterable[_Union[TableOperation, _Mapping]]] = ..., codes: _Optional[_Iterable[int]] = ..., arguments: _Optional[_Iterable[int]] = ..., constants: _Optional[_Iterable[float]] = ..., inputs: _Optional[_Iterable[str]] = ..., outputs: _Optional[_Iterable[int]] = ...) -> None: ...

class TableOperation(_message.Message):
    __slots__ = ("name", "arguments", "local")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    LOCAL_FIELD_NUMBER: _ClassVar[int]
    name: str
    arguments: int
    local: LocalProgram
    def __init__(self, name: _Optional[str] = ..., arguments: _Optional[int] = ..., local: _Optional[_Union[LocalProgram, _Mapping]] = ...) -> None: ...

class LocalProgram(_message.Message):
    __slots__ = ("kind", "body", "inputs", "names", "leading", "which", "rounds")
    KIND_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    LEADING_FIELD_NUMBER: _ClassVar[int]
    WHICH_FIELD_NUMBER: _ClassVar[int]
    ROUNDS_FIELD_NUMBER: _ClassVar[int]
    kind: str
    body: NodeTable
    inputs: _containers.RepeatedScalarFieldContainer[str]
    names: int
    leading: int
    which: int
    rounds: int
    def __init__(self, kind: _Optional[str] = ..., body: _Optional[_Union[NodeTable, _Mapping]] = ..., inputs: _Optional[_Iterable[str]] = ..., names: _Optional[int] = ..., leading: _Optional[int] = ..., which: _Optional[int] = ..., rounds: _Optional[int] = ...) -> None: ...

class CheckedSum(_message.Message):
    __slots__ = ("terms",)
    TERMS_FIELD_NUMBER: _ClassVar[int]
    terms: _containers.RepeatedCompositeFieldContainer[SumTerm]
    def __init__(self, terms: _Optional[_Iterable[_Union[SumTerm, _Mapping]]] = ...) -> None: ...

class SumTerm(_message.Message):
    __slots__ = ("factors", "divisors", "exponents", "negative_exponents")
    FACTORS_FIELD_NUMBER: _ClassVar[int]
    DIVISORS_FIELD_NUMBER: _ClassVar[int]
    EXPONENTS_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_EXPONENTS_FIELD_NUMBER: _ClassVar[int]
    factors: _containers.RepeatedScalarFieldContainer[int]
    divisors: _containers.RepeatedScalarFieldContainer[int]
    exponents: _containers.RepeatedScalarFieldContainer[int]
    negative_exponents: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, factors: _Optional[_Iterable[int]] = ..., divisors: _Optional[_Iterable[int]] = ..., exponents: _Optional[_Iterable[int]] = ..., negative_exponents: _Optional[_Iterable[int]] = ...) -> None: ...
