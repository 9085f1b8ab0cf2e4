"""The audit names what has a known hole, and says where it could look nothing up."""

import audit

FINE = {"name": "fine", "version": "1.0", "vulns": []}
HOLED = {"name": "holed", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]}
UNKNOWN = {"name": "unknown", "skip_reason": "not found"}


def test_a_known_hole_is_named_with_its_fix_and_is_exit_code_1() -> None:
    code, lines = audit.verdict({"dependencies": [FINE, HOLED, UNKNOWN]})
    assert code == 1
    assert lines == [
        "holed 2.0: PYSEC-1, fixed in 2.1",
        "1 packages could not be looked up",
        "audit: 2 packages, 1 known holes",
    ]


def test_without_holes_it_is_exit_code_0() -> None:
    assert audit.verdict({"dependencies": [FINE]}) == (0, ["audit: 1 packages, 0 known holes"])


def test_where_nothing_can_be_looked_up_that_is_said() -> None:
    for report in ({}, {"dependencies": [UNKNOWN]}):
        code, lines = audit.verdict(report)
        assert (code, lines) == (0, ["audit skipped: the advisories cannot be had from here, nothing was looked up"])
