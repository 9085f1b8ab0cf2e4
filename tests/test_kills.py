"""After a kill at a random moment nothing is lost or left: the quick form of `make kills`."""

import kills


def test_after_kills_of_parents_and_workers_every_run_is_completed() -> None:
    made = kills.kill_all(2, seed=21, each=0)
    assert sorted(kill.victim for kill in made) == ["parent", "worker"]
