"""After a kill at a random moment nothing is lost or left: the quick form of `make kills`."""

import kills


def test_after_kills_of_parents_and_workers_every_run_is_completed() -> None:
    made = kills.kill_all(3, seed=7, each=0)
    assert len(made) == 3
