//! How much dearer trading may be before nothing is left.
use qframe_model::currency::Currency;
use qframe_model::event::{Event, Report};
use qframe_model::number::Cash;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::charges::Charges;
use super::{Facts, ReportError, text};

/// What was traded, and the costs at which the same trades would have brought nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Costs {
    /// Value of all fills, in the reporting currency at the last exchange rates; `None` where it leaves the range of exact
    /// amounts, which the equity of every single moment may well be in.
    pub traded: Option<Cash>,
    /// All fees over the value of all fills.
    pub fee: Option<f64>,
    /// The fee on every fill at which the profit is gone; negative where there was a loss before fees.
    pub break_even_fee: Option<f64>,
    /// The further slippage on every fill, as a share of its price, at which the profit is gone.
    pub break_even_slippage: Option<f64>,
}

/// How each is computed, by the names of [`Costs::rows`].
pub(super) const CONVENTIONS: [(&str, &str); 4] = [
    (
        "Traded Value [$]",
        "Value of all fills, both sides; other currencies at their last rate. Undefined beyond 1.7e20, up to where amounts are exact.",
    ),
    ("Avg. Fee [%]", "All fees over the traded value."),
    (
        "Breakeven Fee [%]",
        "(Profit + fees) / traded value: the fee at which these trades, with their sizes, would have ended without profit.",
    ),
    (
        "Breakeven Slippage [%]",
        "Profit / traded value: how much worse every price could have been, besides fees and slippage that were counted.",
    ),
];

impl Costs {
    /// What the journal's fills come to; `None` where the run kept none.
    ///
    /// # Errors
    /// [`ReportError`] where the journal does not read or an amount leaves its range.
    pub(super) fn of(facts: &Facts<'_>) -> Result<Option<Self>, ReportError> {
        let (outcome, instruments) = (facts.outcome, facts.outcome.account.instruments());
        let (mut traded, mut sum) = (Some(Cash::ZERO), 0.0);
        for event in outcome.journal.iter() {
            let Event::Reported(Report::Filled { fill, .. } | Report::Forced(fill)) = event? else { continue };
            let value = instruments[fill.instrument.index()].value(fill.price, fill.quantity)?.abs();
            let value = outcome.account.to_reporting(outcome.account.quote_of(fill.instrument), value)?;
            traded = traded.and_then(|traded| traded.plus(value).ok());
            sum += value.to_f64();
        }
        let whole = traded.map_or(sum, Cash::to_f64);
        if whole <= 0.0 {
            return Ok(None);
        }
        let capital = facts.backtest.setup().cash;
        let profit = outcome.curve.last().unwrap_or(capital).minus(capital)?.to_f64();
        let fees = Charges::of(&outcome.account)?.fees.to_f64();
        let share = |amount: f64| Some(amount / whole).filter(|share| share.is_finite());
        Ok(Some(Self {
            traded,
            fee: share(fees),
            break_even_fee: share(profit + fees),
            break_even_slippage: share(profit),
        }))
    }

    /// What to know where the traded value is not there.
    pub(super) const fn note(&self) -> Option<&'static str> {
        match self.traded {
            Some(_) => None,
            None => Some(
                "The traded value is beyond 1.7e20, up to where amounts are exact: begin with less cash, or count in a larger unit, to see it.",
            ),
        }
    }

    /// Each with its name, as the page and the terminal show it.
    pub(super) fn rows(&self, currency: Currency) -> [(&'static str, String); 4] {
        // Hundredths of a basis point: fees are a few of those.
        let share = |share: Option<f64>| text::number(share.map(|share| share * 100.0), 4);
        let shares = [self.fee, self.break_even_fee, self.break_even_slippage].map(share);
        let [fee, break_even, slippage] = shares;
        let traded = self.traded.map_or_else(|| text::UNDEFINED.to_owned(), |traded| text::amount(traded, currency));
        let values = [traded, fee, break_even, slippage];
        let mut names = CONVENTIONS.iter().map(|(name, _)| *name);
        values.map(|value| (names.next().unwrap_or_default(), value))
    }
}

/// By the names of the rows: the traded value is text with every digit, the others are numbers in per cent.
impl Serialize for Costs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry(CONVENTIONS[0].0, &self.traded)?;
        for ((name, _), share) in CONVENTIONS[1..].iter().zip([self.fee, self.break_even_fee, self.break_even_slippage])
        {
            map.serialize_entry(name, &share.map(|share| share * 100.0))?;
        }
        map.end()
    }
}
