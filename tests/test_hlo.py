"""The text of a compiled module, read."""

import pytest
from tfbench.bench import hlo
from tfbench.bench.hlo import Instruction

TEXT = """HloModule a_step__.3, is_scheduled=true, entry_computation_layout={(f32[2,3]{1,0})->(f32[2,3]{1,0}, s32[])}

%fused_computation (param_0: f32[2,3]) -> f32[2,3] {
  %param_0 = f32[2,3]{1,0} parameter(0)
  ROOT %neg.1 = f32[2,3]{1,0} negate(%param_0), metadata={op_type="Neg" op_name="calls=%wrong"}
}

ENTRY %a_step__.3 (arg0.1: f32[2,3]) -> (f32[2,3], s32[]) {
  %arg0.1 = f32[2,3]{1,0} parameter(0), parameter_replication={false}
  %seven = s32[] constant(7)
  %fusion = f32[2,3]{1,0} fusion(%arg0.1), kind=kLoop, calls=%fused_computation, backend_config={"n":["2"]}
  ROOT %tuple.2 = (f32[2,3]{1,0}, /*index=1*/s32[]) tuple(%fusion, %seven)
}
"""


def test_the_computations_and_the_entry_are_found() -> None:
    module = hlo.parse(TEXT)
    assert (module.entry, list(module.computations)) == ("a_step__.3", ["fused_computation", "a_step__.3"])
    assert list(module.computations["a_step__.3"]) == ["arg0.1", "seven", "fusion", "tuple.2"]


def test_an_instruction_is_read_in_its_parts() -> None:
    assert hlo.parse(TEXT).computations["a_step__.3"]["fusion"] == Instruction(
        name="fusion",
        opcode="fusion",
        shapes=(("f32", (2, 3)),),
        operands=("arg0.1",),
        literal="%arg0.1",
        attributes=', kind=kLoop, calls=%fused_computation, backend_config={"n":["2"]}',
    )


def test_a_tuple_has_the_bytes_of_all_its_arrays() -> None:
    last = hlo.root(hlo.parse(TEXT).computations["a_step__.3"])
    assert (last.name, last.shapes, last.size_bytes) == ("tuple.2", (("f32", (2, 3)), ("s32", ())), 28)


def test_what_metadata_says_is_no_attribute() -> None:
    inner = hlo.parse(TEXT).computations["fused_computation"]["neg.1"]
    assert (inner.called, inner.elements, inner.root) == ((), 6, True)


@pytest.mark.parametrize(
    ("attributes", "called"),
    [
        (", condition=%c, body=%b.1", ("c", "b.1")),
        (", branch_computations={%one, %two}", ("one", "two")),
        (", true_computation=%yes, false_computation=%no", ("yes", "no")),
        (", to_apply=add_float", ("add_float",)),
        ("", ()),
    ],
)
def test_the_called_computations_are_those_of_all_attributes(attributes: str, called: tuple[str, ...]) -> None:
    one = Instruction(name="x", opcode="y", shapes=(), operands=(), literal="", attributes=attributes)
    assert one.called == called


def test_an_attribute_gives_its_numbers() -> None:
    one = Instruction(
        name="x", opcode="dot", shapes=(), operands=(), literal="", attributes=", lhs_contracting_dims={1,2}, index=3"
    )
    assert (one.numbers("lhs_contracting_dims"), one.numbers("index"), one.numbers("none")) == ((1, 2), (3,), ())
    assert one.elements == 0


@pytest.mark.parametrize(
    ("kind", "width"),
    [("f32", 4), ("bf16", 2), ("s64", 8), ("pred", 1), ("u8", 1), ("s4", 1), ("c64", 8), ("token", 0)],
)
def test_each_type_has_its_width(kind: str, width: int) -> None:
    assert hlo.width_bytes(kind) == width


def test_a_text_without_an_entry_is_refused() -> None:
    with pytest.raises(ValueError, match="no entry computation"):
        hlo.parse("nothing of the kind")
