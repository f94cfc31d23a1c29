#!/usr/bin/env python3
"""Boosted trees over all products, AutoETS and MSTL, beside the models of the crate `forecast`. Called by bench/models.sh.

  models.py tune  FILE    candidates at nine rolling origins (weeks 20, 22 … 36, eight weeks ahead): weeks 1–44 of the file are all that is read
  models.py score FILE    those that were chosen (MEAN and MEDIAN below), on the last eight weeks and on three origins

SES is computed here again, with the grid and the cap of the crate, as "ours": its rows equal those of `entrepot forecast bench`, which
shows that the protocol is the same. AutoETS and MSTL are those of statsforecast, the algorithms that augurs has in Rust.
"""

import sys
import time
import warnings

import lightgbm
import numpy as np
from statsforecast.models import AutoETS, MSTL

warnings.filterwarnings("ignore")
HORIZON, TUNED = 8, 44
ORIGINS = range(20, 37, 2)
FIRST = 6  # weeks before the first row of training
SHORT = []  # weeks of the series that AutoETS and MSTL refused
MADE = {}  # features and models by what they were made of

# What `tune` chose on weeks 1–44: objective, power of the scale that is the weight, leaves, rounds.
MEAN = ("poisson", 1, 15, 100)
MEDIAN = ("l1", 1, 4, 50)


def read(path, weeks=None):
    with open(path, encoding="utf-8") as file:
        rows = [line.strip().split(",")[1:] for line in file][1:]
    return np.array([[max(0.0, float(units)) for units in row[:weeks]] for row in rows])


def cap(history, deviations=3.0):
    """Giants are cut at the median plus robust deviations of log(1 + units), as crates/forecast/src/series/cap.rs does it."""
    positive = history[history > 0]
    if len(positive) < 6:
        return history
    logs = np.log1p(positive)
    middle = np.median(logs)
    limit = np.expm1(middle + deviations * max(1.4826 * np.median(np.abs(logs - middle)), 0.35))
    return history if (positive[-3:] > limit).all() else np.minimum(history, limit)


def begun(history):
    """The weeks from the first with demand on; none if there is none."""
    return history[np.argmax(history > 0) :] if (history > 0).any() else history[:0]


def ses(history):
    if not len(history):
        return 0.0
    best = None
    for alpha in (0.10, 0.15, 0.20, 0.25, 0.30):
        level, squares = history[0], 0.0
        for units in history[1:]:
            squares += (units - level) ** 2
            level += alpha * (units - level)
        if best is None or squares < best[0]:
            best = (squares, level)
    return best[1]


def each(one):
    """A forecaster of all products from one of a single series, capped or not before."""

    def forecast(units, origin):
        out = np.zeros((len(units), HORIZON))
        for row, history in zip(out, units[:, :origin]):
            history = begun(history)
            if len(history):
                row[:] = np.maximum(0.0, one(history))
        return out

    return forecast


def fitted(make, capped):
    def one(history):
        try:
            return make().forecast(cap(history) if capped else history, HORIZON)["mean"]
        except Exception:  # too short for the model: the mean of what is known
            SHORT.append(len(history))
            return history.mean()

    return each(one)


# ---- boosted trees


def features(units, origin):
    """For each product what is known at an origin: numbers in units of its own scale. The scale, the rows, and which products have begun."""
    key = (units.shape, origin)  # a longer file is another one; weeks after the origin are not read
    if key in MADE:
        return MADE[key]
    rows, scales = [], []
    for whole in units[:, :origin]:
        history = cap(begun(whole))
        age = len(history)
        scale = max(1.0, history[-26:].mean()) if age else 1.0
        last = [history[-lag] / scale if lag <= age else np.nan for lag in (*range(1, 9), 13, 26)]
        means = [history[-weeks:].mean() / scale if age >= weeks else np.nan for weeks in (4, 8, 13)]
        sold = np.flatnonzero(history)
        positive = history[sold]
        shape = [
            ses(history) / scale,
            np.median(history[-13:]) / scale if age else np.nan,
            history[-13:].std() / scale if age else np.nan,
            age - 1 - sold[-1] if age else np.nan,  # weeks without demand at the end
            age / max(1, len(sold)),
            positive.var() / positive.mean() ** 2 if age else np.nan,
            age,
            np.log(scale),
        ]
        rows.append(last + means + shape)
        scales.append(scale)
    MADE[key] = (np.array(scales), np.array(rows), (units[:, :origin] > 0).any(axis=1))
    return MADE[key]


def with_week(rows, weeks, week_of_year):
    """A row for each week ahead."""
    ahead = np.tile(np.arange(1, weeks + 1), len(rows))
    extra = [ahead] + ([week_of_year + ahead] if week_of_year is not None else [])
    return np.column_stack([np.repeat(rows, weeks, axis=0), *extra])


def boosted(objective, weight, leaves, rounds, cut=True, season=False, blend=0.0):
    """One model for all products and weeks ahead (direct). `blend` is the share of SES cap 3."""

    def models(units, origin):
        key = (objective, weight, leaves, cut, season, units.shape, origin)
        if key in MADE:
            return MADE[key]
        targets = np.array([cap(history) for history in units[:, :origin]]) if cut else units[:, :origin]
        inputs, outputs, weights = [], [], []
        for at in range(FIRST, origin):
            scales, rows, known = features(units, at)
            weeks = min(HORIZON, origin - at)
            inputs.append(with_week(rows[known], weeks, at if season else None))
            outputs.append((targets[known, at : at + weeks] / scales[known, None]).ravel())
            weights.append(np.repeat(scales[known] ** weight, weeks))
        settings = {"num_leaves": leaves, "learning_rate": 0.05, "min_data_in_leaf": 100, "max_bin": 63, "feature_fraction": 0.7}
        settings |= {"bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 1.0, "num_threads": 1, "deterministic": True, "seed": 1}
        settings |= {"verbose": -1, "objective": objective.split()[0]}
        if " " in objective:
            settings["tweedie_variance_power"] = float(objective.split()[1])
        data = lightgbm.Dataset(np.concatenate(inputs), label=np.concatenate(outputs), weight=np.concatenate(weights))
        MADE[key] = lightgbm.train(settings, data, 400)
        return MADE[key]

    def forecast(units, origin):
        model = models(units, origin)
        scales, rows, known = features(units, origin)
        rows = with_week(rows, HORIZON, origin if season else None)
        out = model.predict(rows, num_iteration=rounds, num_threads=1).reshape(-1, HORIZON) * scales[:, None]
        out = np.maximum(0.0, out) * known[:, None]
        return out if not blend else blend * ours(units, origin) + (1 - blend) * out

    return forecast


# ---- measuring

ours = each(lambda history: ses(cap(history)))


class Loss:
    """WAPE, bias and MASE over products, origins and weeks ahead. MASE: absolute errors in units of the product's mean step between adjacent known
    weeks, the mean over all products that have stepped."""

    def __init__(self):
        self.absolute = self.difference = self.actual = 0.0
        self.scaled = []

    def add(self, units, origin, forecast, all_products):
        known = np.ones(len(units), bool) if all_products else (units[:, :origin] > 0).any(axis=1)
        came = units[known, origin : origin + HORIZON]
        error = forecast[known] - came
        self.absolute += np.abs(error).sum()
        self.difference += error.sum()
        self.actual += came.sum()
        steps = np.array([np.abs(np.diff(begun(history))).mean() if (history > 0).sum() > 1 else 0 for history in units[known, :origin]])
        self.scaled += list(np.abs(error[steps > 0]).mean(axis=1) / steps[steps > 0])

    wape = property(lambda self: self.absolute / self.actual)
    bias = property(lambda self: self.difference / self.actual)
    mase = property(lambda self: float(np.mean(self.scaled)))


def loss(forecast, units, origins, all_products):
    found = Loss()
    for origin in origins:
        found.add(units, origin, forecast(units, origin), all_products)
    return found


def references():
    def cut(percent):
        return each(lambda history: ses(np.minimum(history, np.percentile(history, percent))))

    return {
        "SES cap 3 (ours, mean)": ours,
        "SES": each(ses),
        "SES cut at its 95th percentile (ours, median)": cut(95),
        "SES cut at its 75th percentile": cut(75),
        "median of all weeks": each(np.median),
    }


def classical():
    makers = {
        ("AutoETS", ""): lambda: AutoETS(season_length=1),
        ("MSTL", ", season of 4 weeks"): lambda: MSTL(season_length=[4]),
        ("MSTL", ", season of 13 weeks"): lambda: MSTL(season_length=[13]),
        ("MSTL", ", seasons of 4 and 13 weeks"): lambda: MSTL(season_length=[4, 13]),
    }
    return {f"{model}{' cap 3' * capped}{season}": fitted(make, capped) for (model, season), make in makers.items() for capped in (False, True)}


def name(objective, weight, leaves, rounds, cut=True, season=False, blend=0.0):
    extra = ("" if cut else ", targets not cut") + (", week of the year" if season else "") + (", half of it SES cap 3" if blend else "")
    return f"trees: {objective}, weight scale^{weight}, {leaves} leaves, {rounds} rounds{extra}"


def grid():
    for objective in ("poisson", "tweedie 1.3", "l2", "l1"):
        for weight in (0.5, 1):
            for leaves in (4, 7, 15):
                for rounds in (50, 100, 200, 400):
                    yield objective, weight, leaves, rounds


def tune(path):
    units = read(path, TUNED)
    guard = abs(loss(each(ses), units, ORIGINS, False).bias) + 0.025
    print(f"A mean is allowed a bias of {guard:.1%}.\n\n| method | WAPE | bias | MASE | |\n|---|---|---|---|---|")

    def row(text, forecast):
        found = loss(forecast, units, ORIGINS, False)
        mark = "" if abs(found.bias) <= guard else "biased"
        print(f"| {text} | {found.wape:.4f} | {found.bias:+.1%} | {found.mase:.3f} | {mark} |", flush=True)
        return found

    for text, forecast in {**references(), **classical()}.items():
        row(text, forecast)
    found = {one: row(name(*one), boosted(*one)) for one in grid()}

    def least(some):
        return min(some, key=lambda one: found[one].wape)

    mean, median = least(one for one in found if abs(found[one].bias) <= guard), least(found)
    for one in (mean, median):
        for changed in ({"cut": False}, {"season": True}, {"blend": 0.5}):
            row(name(*one, **changed), boosted(*one, **changed))
    print(f"\nmean: {mean}, median: {median}; score has {MEAN} and {MEDIAN}")


def score(path):
    units = read(path)
    last = units.shape[1] - HORIZON
    methods = {**references(), "boosted trees, mean": boosted(*MEAN), "boosted trees, mean, half of it SES cap 3": boosted(*MEAN, blend=0.5)}
    methods |= {"boosted trees, median": boosted(*MEDIAN), **classical()}
    print("| method | WAPE | bias | MASE | WAPE, three origins |\n|---|---|---|---|---|")
    for text, forecast in methods.items():
        newest, three = (loss(forecast, units, origins, True) for origins in ([last], [last - 16, last - 8, last]))
        print(f"| {text} | {newest.wape:.3f} | {newest.bias * 100:+.1f} % | {newest.mase:.2f} | {three.wape:.3f} |", flush=True)


if __name__ == "__main__":
    {"tune": tune, "score": score}[sys.argv[1]](sys.argv[2])
    print(f"{time.process_time():.0f} s of processor time; {len(SHORT)} series were too short for AutoETS or MSTL", file=sys.stderr)
