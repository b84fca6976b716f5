"""The plan to larger scale rests on formulas: a wrong one would buy too few machines, or call a lossy index exact."""

from __future__ import annotations

import math

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks import scale
from tests.benchmarks import scale_trials as trials
from tests.benchmarks.scale import Lateness

SHARES = st.floats(0.001, 0.5)


@pytest.fixture(scope="module")
def con():
    with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as found:
        yield found


@pytest.mark.parametrize(("new", "kept", "bits"), [(50_000, 400_000, 28), (50_000, 100_000, 26), (200_000, 1, 30)])
def test_as_many_different_ids_share_a_hash_as_the_birthday_bound_says(con, new, kept, bits):
    """Five runs, within five standard deviations of their sum: what is counted is nearly Poisson."""
    derived = 5 * scale.candidates(new, kept, bits)
    drawn = sum(trials.drawn_candidates(con, new, kept, bits, seed) for seed in range(5))
    assert abs(drawn - derived) < 5 * math.sqrt(derived)


@given(new=st.integers(1, 10**11), kept=st.integers(1, 10**13), bits=st.integers(32, 127))
def test_a_bit_more_halves_the_false_candidates(new, kept, bits):
    assert scale.candidates(new, kept, bits + 1) * 2 == pytest.approx(scale.candidates(new, kept, bits))


@given(kept=st.integers(10**4, 10**12), buckets=st.sampled_from([2, 64, 4096]))
def test_an_index_cut_into_buckets_by_leading_bits_takes_no_more(kept, buckets):
    """A bucket's entries need not say the bits that name it."""
    assert scale.index_bits(kept / buckets, 64 - int(math.log2(buckets))) == pytest.approx(scale.index_bits(kept))


def test_the_index_finds_every_repeat_in_hardly_more_bytes_than_must_be(tmp_path):
    measured = trials.measured_index(300_000, 50_000, tmp_path)
    assert measured["least bytes"] < measured["bytes per entry"] < 1.1 * measured["least bytes"]


def test_an_id_is_found_in_its_bucket_by_its_hash(tmp_path):
    assert trials.measured_lookup(200_000, tmp_path, times=5) > 0


@given(late=SHARES, stays=SHARES, days=st.integers(0, 60))
def test_every_arrival_is_of_some_day(late, stays, days):
    lateness = Lateness(late, stays)
    assert sum(lateness.share(age) for age in range(days + 1)) + lateness.beyond(days) == pytest.approx(1)


def test_late_events_reach_as_many_partitions_as_derived(con):
    lateness, parts, days = Lateness(late=0.05, stays=0.6), 256, 20
    derived = scale.touched(40_000, lateness, parts, days)
    for seed in range(3):
        drawn = trials.drawn_touched(con, 40_000, lateness, parts, days, seed)
        for age, (expected, counted) in enumerate(zip(derived, drawn, strict=True)):
            assert abs(expected - counted) < 5 * math.sqrt(expected) + 1, f"{age} days"


@given(late=SHARES, stays=SHARES, parts=st.integers(1, 5000), days=st.integers(1, 60))
def test_many_events_have_every_kept_day_read_again_and_few_hardly_more_than_one(late, stays, parts, days):
    lateness = Lateness(late, stays)
    often = scale.read_again(1e30, lateness, parts, days)
    seldom = scale.read_again(1e6, lateness, parts, days)
    assert scale.read_again(1, lateness, parts, days) <= 1 / parts + 1e-9
    assert seldom <= often <= days + 1
    if lateness.share(days) > 1e-20:
        assert often == pytest.approx(days + 1)


@given(events=st.floats(1, 1e12), groups=st.floats(1, 1e8), workers=st.integers(1, 10_000))
def test_workers_hand_on_no_more_rows_than_events_or_than_all_groups_each(events, groups, workers):
    handed = scale.partial_sums(events, groups, workers)
    assert handed <= min(events, groups * workers) * (1 + 1e-9)
    assert handed >= (1 - math.exp(-1)) * min(events, groups * workers) * (1 - 1e-9)
