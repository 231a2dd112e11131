//! How each figure is computed, in a sentence.

use super::{NAMES, Statistics};

impl Statistics {
    /// Every name with the convention behind its figure, in the order of the report.
    #[must_use]
    pub fn conventions(&self) -> [(&'static str, String); 32] {
        let (word, rate) = (self.frequency.word(), self.risk_free * 100.0);
        // 26.07 fortnights; whole numbers have no point.
        let periods = format!("{:.2}", self.periods_per_year);
        let periods = periods.trim_end_matches('0').trim_end_matches('.');
        let sentences: [String; 32] = [
            "Time of the first bar, UTC.".into(),
            "Time of the last bar, UTC.".into(),
            "End less start.".into(),
            "Bars in which a trade was open, entry and exit bar included, over all bars; trades still open at the end do not count.".into(),
            "Equity at the last bar's close.".into(),
            "Highest equity at a bar's close.".into(),
            "Fees of the closed trades, other currencies at the rates of the exits; a trade still open at the end does not count.".into(),
            "Final over first equity, less 1.".into(),
            "Last close over the close of the first bar on which every indicator had a value, less 1; through splits, with dividends. Of several time frames it is a bar of the first."
                .into(),
            format!("Geometric mean g of the {word} returns, compounded over {periods} periods: (1 + g)^{periods} - 1."),
            format!("sqrt((v + (1 + g)^2)^{periods} - (1 + g)^(2*{periods})), v the variance of the {word} returns (ddof 1), g their geometric mean."),
            "(Final over first equity)^(1 / years) - 1, years in calendar time of 365.25 days.".into(),
            format!("(Return (Ann.) - {rate} %) / Volatility (Ann.)."),
            format!("(Return (Ann.) - {rate} %) / (sqrt(mean(min(r, 0)^2)) * sqrt({periods})) over the {word} returns r."),
            "Return (Ann.) / -Max. Drawdown.".into(),
            format!("Jensen's alpha over the whole time: Return - {rate} % - Beta * (Buy & Hold Return - {rate} %)."),
            "Covariance of the bars' log returns of equity and close over the variance of the close's.".into(),
            "Largest fall from a peak at bars' closes, as a share of the peak.".into(),
            "Mean of the drawdowns' depths; a drawdown of the last bar alone does not count.".into(),
            "Calendar time from the peak to its recovery or the end, rounded up to the bars' unit of time.".into(),
            "Mean of the drawdowns' durations, rounded up to the bars' unit of time.".into(),
            "Closed trades.".into(),
            "Trades with a profit after fees over all trades.".into(),
            "Largest return of a trade after fees, over its entry value.".into(),
            "Smallest return of a trade after fees, over its entry value.".into(),
            "Geometric mean of the trades' returns; 0 if one lost 100 % or more.".into(),
            "Longest trade, rounded up to the bars' unit of time.".into(),
            "Mean length of the trades, rounded up to the bars' unit of time.".into(),
            "Sum of the positive returns of trades over the sum of the negative ones.".into(),
            "Arithmetic mean of the trades' returns.".into(),
            "sqrt(trades) * mean(profit) / std(profit), ddof 1, in money of the report's currency at the rates of the exits.".into(),
            "w - (1 - w) / (mean win / mean loss), w the win rate, in money of the report's currency at the rates of the exits.".into(),
        ];
        let mut sentences = sentences.into_iter();
        NAMES.map(|name| (name, sentences.next().unwrap_or_default()))
    }
}
