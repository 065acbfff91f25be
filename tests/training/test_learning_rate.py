import pytest

from training.learning_rate import learning_rate_factor


def test_the_factor_rises_and_falls_to_zero():
    factors = [learning_rate_factor(step, steps=100, warmup_steps=10) for step in (0, 9, 55, 100)]
    assert factors == pytest.approx([0.1, 1.0, 0.5, 0.0])


def test_the_factor_stays_at_one_until_the_decay_begins_and_above_its_minimum_after():
    factors = [
        learning_rate_factor(step, steps=1000, warmup_steps=100, flat_until=500, minimum=0.01) for step in (100, 500, 750, 1000)
    ]
    assert factors == pytest.approx([1.0, 1.0, 0.5, 0.01])


def test_a_training_that_is_all_warm_up_reaches_one():
    assert learning_rate_factor(9, steps=10, warmup_steps=10) == 1.0
