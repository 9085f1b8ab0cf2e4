"""What is known of devices without TensorFlow."""

import pytest
from tfbench.bench import devices


@pytest.mark.parametrize(
    ("master", "service"),
    [
        ("grpc://10.0.0.2:8470", "grpc://10.0.0.2:8466"),
        ("10.0.0.2:8470", "grpc://10.0.0.2:8466"),
        ("grpc://[fe80::1]:8470", "grpc://[fe80::1]:8466"),
        ("local", ""),
        ("", ""),
    ],
)
def test_the_profiler_of_a_tpu_is_on_its_host_and_a_local_tpu_has_none(master: str, service: str) -> None:
    assert devices.profiler_service(master) == service
