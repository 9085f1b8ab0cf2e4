"""How often a loop of a compiled module runs."""

from tfbench.bench import hlo, loops

# for (i = START; i < BOUND; i += STEP), as XLA's CPU compiler writes it: the loop called apart, the parts fused.
TEXT = """HloModule loop

%step (p.0: s32[], p.1: s32[]) -> s32[] {
  %p.0 = s32[] parameter(0)
  %p.1 = s32[] parameter(1)
  ROOT %add = s32[] add(%p.0, %p.1)
}

%body (state: (s32[], f32[])) -> (s32[], f32[]) {
  %state = (s32[], f32[]) parameter(0)
  %by = s32[] constant(STEP)
  %sum = f32[] get-tuple-element(%state), index=1
  %i = s32[] get-tuple-element(%state), index=0
  %i.copy = s32[] copy(%i)
  %i.next = s32[] fusion(%i.copy, %by), kind=kLoop, calls=%step
  ROOT %tuple = (s32[], f32[]) tuple(%i.next, %sum)
}

%goes_on (p.0: s32[]) -> pred[] {
  %p.0 = s32[] parameter(0)
  %bound = s32[] constant(BOUND)
  %less = pred[] compare(%p.0, %bound), direction=LT
  ROOT %and = pred[] and(%less, %less)
}

%condition (state: (s32[], f32[])) -> pred[] {
  %state = (s32[], f32[]) parameter(0)
  %i = s32[] get-tuple-element(%state), index=0
  ROOT %fusion = pred[] fusion(%i), kind=kLoop, calls=%goes_on
}

%apart (given: (s32[], f32[])) -> (s32[], f32[]) {
  %given = (s32[], f32[]) parameter(0)
  ROOT %while = (s32[], f32[]) while(%given), condition=%condition, body=%body, backend_config={CONFIG}
}

ENTRY %main (x: s32[]) -> f32[] {
  %x = s32[] parameter(0)
  %first = s32[] constant(START)
  %zero = f32[] constant(0)
  %copy = s32[] copy(%first)
  %tuple = (s32[], f32[]) tuple(%copy, %zero)
  %call = (s32[], f32[]) call(%tuple), to_apply=%apart
  ROOT %result = f32[] get-tuple-element(%call), index=1
}
"""
COUNTER = '"known_induction_variable":{"tuple_index":"0"}'


def times(start: int, bound: int, step: int, config: str = COUNTER, **changes: str) -> int | None:
    text = TEXT.replace("START", str(start)).replace("BOUND", str(bound)).replace("STEP", str(step))
    for old, new in {"CONFIG": config, **changes}.items():
        text = text.replace(old, new)
    module = hlo.parse(text)
    return loops.times(module.computations["apart"]["while"], module)


def test_a_loop_runs_from_its_start_to_its_bound_by_its_step() -> None:
    assert [times(0, 10, 1), times(2, 10, 3), times(5, 6, 100), times(10, 3, 1)] == [10, 3, 1, 0]


def test_what_xla_says_counts_first() -> None:
    assert times(0, 10, 1, '"known_trip_count":{"n":"42"}') == 42


def test_a_loop_without_a_known_counter_is_unknown() -> None:
    assert times(0, 10, 1, '"other":{}') is None


def test_a_bound_that_is_no_constant_is_unknown() -> None:
    assert times(0, 10, 1, **{"%bound = s32[] constant(10)": "%bound = s32[] multiply(%p.0, %p.0)"}) is None


def test_a_start_that_is_an_input_is_unknown() -> None:
    assert times(0, 10, 1, **{"copy(%first)": "copy(%x)"}) is None


def test_a_loop_that_counts_down_or_stands_still_is_unknown() -> None:
    assert [times(0, 10, -1), times(0, 10, 0)] == [None, None]


def test_another_comparison_is_unknown() -> None:
    assert times(0, 10, 1, **{"direction=LT": "direction=NE"}) is None


def test_a_counter_that_is_multiplied_is_unknown() -> None:
    assert times(0, 10, 1, **{"add(%p.0, %p.1)": "multiply(%p.0, %p.1)"}) is None
