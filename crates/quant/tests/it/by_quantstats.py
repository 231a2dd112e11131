"""What quantstats makes of a table of returns (date, own, market), as rows name,value. Run: python by_quantstats.py FILE"""
import sys
import warnings

import numpy as np
import pandas as pd
import quantstats.stats as stats

warnings.filterwarnings("ignore")
table = pd.read_csv(sys.argv[1], index_col=0, parse_dates=True)
own, market = table.iloc[:, 0], table.iloc[:, 1]
WINDOW = 20


def tell(name, value):
    value = float(value)
    print(f"{name},{'' if np.isnan(value) else format(value, '.12g')}")


SINGLE = """adjusted_sortino autocorr_penalty avg_loss avg_return avg_win best cagr calmar common_sense_ratio comp
conditional_value_at_risk consecutive_losses consecutive_wins cpc_index cvar expected_return expected_shortfall exposure
gain_to_pain_ratio geometric_mean ghpr kelly_criterion kurtosis max_drawdown omega outlier_loss_ratio outlier_win_ratio
payoff_ratio probabilistic_adjusted_sortino_ratio probabilistic_ratio probabilistic_sharpe_ratio probabilistic_sortino_ratio
profit_factor profit_ratio rar recovery_factor risk_of_ruin risk_return_ratio ror serenity_index sharpe skew smart_sharpe
smart_sortino sortino tail_ratio ulcer_index ulcer_performance_index upi value_at_risk var volatility win_loss_ratio win_rate
worst""".split()
for name in SINGLE:
    tell(name, getattr(stats, name)(own))
for name in "information_ratio r2 r_squared treynor_ratio".split():
    tell(name, getattr(stats, name)(own, market))
for name, value in stats.greeks(own, market).items():
    tell(name, value)
tell("implied_volatility", stats.implied_volatility(own, annualize=False) * 252**0.5)
tell("expected_shortfall_historical", stats.expected_shortfall(own, method="historical"))

# With a risk-free rate of 2 % a year; not rar, which then takes days out of the market for days in it.
for name in """adjusted_sortino omega probabilistic_sharpe_ratio probabilistic_sortino_ratio recovery_factor serenity_index
sharpe smart_sharpe smart_sortino sortino ulcer_performance_index""".split():
    tell(f"rf:{name}", getattr(stats, name)(own, rf=0.02))
tell("rf:treynor_ratio", stats.treynor_ratio(own, market, rf=0.02))

FIGURES = """expected_return best worst win_rate avg_return avg_win avg_loss consecutive_wins consecutive_losses""".split()
for period, rule in [("Weekly", "W-SUN"), ("Monthly", "ME"), ("Quarterly", "QE"), ("Yearly", "YE")]:
    grown = own.add(1).resample(rule).prod() - 1
    for name in FIGURES:
        tell(f"{period}.{name}", getattr(stats, name)(grown, prepare_returns=False))
    tell(f"{period}.gain_to_pain_ratio", stats.gain_to_pain_ratio(own, 0, rule))
# quantstats' weeks of "eow" are those of ISO 8601, but it cuts them by the year, and takes the last days of December that are
# of week 1 for days of the January before: held against it where no return ends on such a day.
weeks = own.index.isocalendar()
if (weeks.year == own.index.year).all():
    for name in FIGURES:
        tell(f"Weekly.{name}", getattr(stats, name)(own, aggregate="eow"))
for period, aggregate in [("Monthly", "eom"), ("Quarterly", "eoq"), ("Yearly", "eoy")]:
    for name in FIGURES:
        tell(f"{period}.{name}", getattr(stats, name)(own, aggregate=aggregate))
for period, parts in stats.distribution(own).items():
    for part, values in parts.items():
        tell(f"distribution.{period}.{part}.count", len(values))
        tell(f"distribution.{period}.{part}.sum", sum(values))
for year, row in stats.monthly_returns(own).iterrows():
    for month, value in row.items():
        if value != 0:
            tell(f"monthly_returns.{year}.{month}", value)
above = stats.outliers(own)
tell("outliers.count", len(above))
tell("outliers.sum", above.sum())
tell("remove_outliers.count", len(stats.remove_outliers(own)))

greeks = stats.rolling_greeks(own, market, periods=WINDOW)
SERIES = {
    "compsum": stats.compsum(own),
    "to_drawdown_series": stats.to_drawdown_series(own),
    "pct_rank": stats.pct_rank((1 + own).cumprod(), WINDOW),
    "rolling_sharpe": stats.rolling_sharpe(own, rolling_period=WINDOW),
    "rolling_sortino": stats.rolling_sortino(own, rolling_period=WINDOW),
    "rolling_volatility": stats.rolling_volatility(own, rolling_period=WINDOW),
    "rolling_greeks.beta": greeks["beta"],
    "rolling_greeks.alpha": greeks["alpha"],
}
for name, values in SERIES.items():
    tell(f"{name}.sum", values.sum())
    for place in (2, len(own) // 3, len(own) // 2, len(own) - 1):
        tell(f"{name}.{place}", values.iloc[place])

# One path is the curve itself (but its Sharpe ratio, which leaves out the first return); many are drawn by chance of its own, and agree as far as chance lets them.
tell("montecarlo", stats.montecarlo(own, sims=1).stats["mean"])
tell("montecarlo_cagr", stats.montecarlo_cagr(own, sims=1)["mean"])
tell("montecarlo_drawdown", stats.montecarlo_drawdown(own, sims=1)["mean"])
for name, value in stats.montecarlo_drawdown(own, sims=1000, seed=7).items():
    tell(f"of 1000:{name}", value)
