import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dynstudy.statistics.two_samples import (
    RESAMPLES,
    Difference,
    Moments,
    false_discovery_q_values,
    permutation_p_values,
)


def bimodal(rng: np.random.Generator, size: int, share: float) -> np.ndarray:
    """Accuracies near the transition: some networks learn, some do not."""
    learned = rng.random(size) < share
    return np.where(learned, 0.94, 0.42) + rng.normal(0, 0.01, size)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_permutation_p_values_are_scipys(share: float, rng: np.random.Generator) -> None:
    samples = np.stack([bimodal(rng, 10, share) for _ in range(4)])
    baseline = bimodal(rng, 40, 0.4)

    def studentised(x: np.ndarray, y: np.ndarray, axis: int) -> np.ndarray:
        return np.abs(stats.ttest_ind(x, y, equal_var=False, axis=axis).statistic)

    ours = permutation_p_values(samples, baseline)
    for sample, p_value in zip(samples, ours, strict=True):
        theirs = stats.permutation_test(
            (sample, baseline),
            studentised,
            vectorized=True,
            alternative="greater",
            n_resamples=RESAMPLES,
            rng=np.random.default_rng(1),
        ).pvalue
        # both are estimates from as many random splits
        noise = np.sqrt(2 * theirs * (1 - theirs) / RESAMPLES)
        assert abs(p_value - theirs) < 5 * noise + 2 / RESAMPLES


@pytest.mark.parametrize("sizes", [(10, 40), (6, 24), (2, 8), (5, 5), (9, 4)])
@pytest.mark.parametrize("steps", [1, 4, 30, 3000])  # accuracies are ratios: splits often tie
def test_permutation_p_values_count_the_splits_that_welchs_t_says_are_as_extreme(
    steps: int, sizes: tuple[int, int], rng: np.random.Generator
) -> None:
    n, m = sizes
    samples = rng.binomial(steps, rng.uniform(0.2, 0.8, (12, 1)), (12, n)) / steps
    baseline = rng.binomial(steps, 0.4, m) / steps
    order = np.random.default_rng(0).random((499, n + m)).argsort(axis=1)
    ours = permutation_p_values(samples, baseline, 499)
    for sample, p_value in zip(samples, ours, strict=True):
        pooled = np.concatenate([sample, baseline])
        x = np.concatenate([sample[None], pooled[order[:, :n]]])
        y = np.concatenate([baseline[None], pooled[order[:, n:]]])
        with np.errstate(divide="ignore", invalid="ignore"):
            difference = (x.mean(1) - y.mean(1)).round(12)
            t = difference / np.sqrt((x.var(1, ddof=1) / n + y.var(1, ddof=1) / m).round(15))
        t = np.abs(np.where(difference == 0, 0.0, t))
        assert p_value == np.mean(t >= t[0] * (1 - 1e-9))


def test_under_equal_distributions_p_values_are_uniform(rng: np.random.Generator) -> None:
    p_values = np.concatenate([
        permutation_p_values(bimodal(rng, 80, 0.5).reshape(8, 10), bimodal(rng, 40, 0.5), 999)
        for _ in range(60)
    ])
    for level in (0.05, 0.2, 0.5):
        share = (p_values <= level).mean()
        # cells that share a baseline are correlated, so the count varies more than binomially
        assert abs(share - level) < 4 * np.sqrt(level * (1 - level) / 60)


def test_values_that_do_not_vary_have_a_defined_answer() -> None:
    same, other = np.full((1, 8), 0.4), np.full((1, 8), 0.5)
    baseline = np.full(32, 0.4)
    assert permutation_p_values(same, baseline)[0] == 1
    # of all splits only the observed one is as extreme, but for chance repeats of it
    assert permutation_p_values(other, baseline)[0] == pytest.approx(1 / (RESAMPLES + 1))
    assert np.isnan(permutation_p_values(np.full((1, 1), 0.4), baseline)).all()
    assert np.isnan(permutation_p_values(same, baseline[:1])).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_q_values_follow_benjamini_and_hochberg(p_values: list[float]) -> None:
    m = len(p_values)
    rank = {i: r + 1 for r, i in enumerate(np.argsort(p_values, kind="stable"))}
    expected = [
        min(1.0, min(p_values[j] * m / rank[j] for j in range(m) if rank[j] >= rank[i]))
        for i in range(m)
    ]
    np.testing.assert_allclose(false_discovery_q_values(p_values), expected, rtol=1e-12)


def test_q_values_leave_out_what_was_not_tested() -> None:
    q_values = false_discovery_q_values([0.01, np.nan, 0.04])
    np.testing.assert_allclose(q_values, [0.02, np.nan, 0.04])
    assert np.isnan(false_discovery_q_values([np.nan])).all()


def test_differences_are_welchs(rng: np.random.Generator) -> None:
    x, y = rng.normal(0.5, 0.1, 10), rng.normal(0.4, 0.02, 40)
    difference = Difference.between(Moments.of([x]), Moments.of([y]))
    theirs = stats.ttest_ind(x, y, equal_var=False)
    interval = theirs.confidence_interval(0.95)
    low, high = difference.interval(0.95)
    np.testing.assert_allclose((low[0], high[0]), (interval.low, interval.high))
    one_sided = stats.ttest_ind(x, y + 0.05, equal_var=False, alternative="greater")
    np.testing.assert_allclose(difference.above(0.05), one_sided.pvalue)


def test_differences_without_variance_are_certain() -> None:
    ones, halves = Moments.of([np.ones(8)]), Moments.of([np.full(8, 0.5)])
    difference = Difference.between(ones, halves)
    assert [bound[0] for bound in difference.interval()] == [0.5, 0.5]
    assert difference.above(0.4)[0] == 0
    assert difference.above(0.5)[0] == 0.5
    assert difference.above(0.6)[0] == 1
