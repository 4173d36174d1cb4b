"""Token buckets, on a clock of the test's."""

from core.buckets import Buckets


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_so_many_at_once_then_at_the_rate() -> None:
    clock = Clock()
    buckets = Buckets(clock=clock)
    waits = [buckets.take("a", burst=3, per_second=0.5) for _ in range(4)]
    assert waits == [0, 0, 0, 2.0]
    clock.now += 1.9
    assert buckets.take("a", burst=3, per_second=0.5) > 0
    clock.now += 0.2
    assert buckets.take("a", burst=3, per_second=0.5) == 0
    clock.now += 1000
    assert [buckets.take("a", burst=3, per_second=0.5) > 0 for _ in range(4)] == [False, False, False, True]


def test_keys_do_not_share() -> None:
    buckets = Buckets(clock=Clock())
    assert buckets.take("a", burst=1, per_second=1) == 0
    assert buckets.take("b", burst=1, per_second=1) == 0
    assert buckets.take("a", burst=1, per_second=1) > 0
    buckets.reset("a")
    assert buckets.take("a", burst=1, per_second=1) == 0


def test_memory_is_bounded_and_the_busy_are_not_forgotten() -> None:
    buckets = Buckets(clock=Clock())
    buckets.take("busy", burst=1, per_second=0.001)
    for n in range(50_000):
        buckets.take(f"k{n}", burst=1, per_second=1)
        if n % 100 == 0:
            assert buckets.take("busy", burst=1, per_second=0.001) > 0, n
    assert len(buckets) <= 20_000
