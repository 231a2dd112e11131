//! What must hold for every strategy and every market.
use std::sync::Arc;

use proptest::prelude::*;
use qframe_engine::venue::{Crossing, Fees, Settings, Slippage};
use qframe_engine::{AtEnd, Context, Ticket};
use qframe_model::ids::SeriesId;
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Cash, Price, Quantity, Rate};
use qframe_model::order::{OrderKind, Size, TimeInForce, Trail};

use crate::script::{Script, bars, run_with, run_with_cash, simulator, stock};

/// Any order, told apart by a few small numbers, near the current price.
pub(crate) fn ticket(choice: (u8, u8, u8, i64), price: f64) -> Ticket {
    let (kind, size, flags, shift) = choice;
    let near =
        |percent: i64| Price::from_f64((price * (1.0 + percent as f64 / 100.0) * 100.0).round() / 100.0).unwrap();
    let side = if flags & 1 == 0 { Side::Buy } else { Side::Sell };
    let size = match size % 6 {
        0 => Size::Units(Quantity::whole(1 + i64::from(size))),
        1 => Size::Equity(Rate::percent(40)),
        2 => Size::TargetWeight(Rate::percent(10 * shift)),
        3 => Size::TargetUnits(Quantity::whole(shift)),
        4 => Size::Close,
        _ => Size::Budget(Cash::whole(1_000)),
    };
    let kind = match kind % 9 {
        0..=2 => OrderKind::Market,
        3 => OrderKind::Limit(near(shift)),
        4 => OrderKind::Stop(near(shift)),
        5 => OrderKind::StopLimit { trigger: near(shift), limit: near(shift + 1) },
        6 => OrderKind::TrailingStop(Trail::Share(Rate::percent(3))),
        7 => OrderKind::LimitIfTouched { trigger: near(shift), limit: near(shift - 1) },
        _ => OrderKind::MarketOnClose,
    };
    let time_in_force = [TimeInForce::Gtc, TimeInForce::Day, TimeInForce::Ioc][usize::from(flags) % 3];
    let ticket = Ticket::new(side, size).kind(kind).time_in_force(time_in_force);
    if flags & 2 == 0 { ticket } else { ticket.reduce_only() }
}

pub(crate) type Choices = Vec<Option<(u8, u8, u8, i64)>>;

/// A strategy that sends a drawn order on some bars.
fn drawn(choices: Choices) -> impl FnMut(usize, &mut Context<'_>) + Clone {
    move |day, context| {
        if let Some(Some(choice)) = choices.get(day) {
            let price = context.price_of(context.instrument()).unwrap().to_f64();
            context.send(ticket(*choice, price));
        }
    }
}

pub(crate) fn market() -> impl Strategy<Value = Vec<Bar>> {
    prop::collection::vec((-3.0..3.0f64, 0.0..3.0f64, 0.0..3.0f64, -2.0..2.0f64), 2..40).prop_map(|moves| {
        let mut last = 100.0;
        let cents = |value: f64| (value * 100.0).round() / 100.0;
        let rows: Vec<[f64; 4]> = moves
            .into_iter()
            .map(|(change, up, down, gap)| {
                let open = cents(last * (1.0 + gap / 100.0));
                let close = cents(open * (1.0 + change / 100.0));
                last = close;
                [open, cents(open.max(close) + up), cents(open.min(close) - down), close]
            })
            .collect();
        bars(&rows)
    })
}

pub(crate) fn choices() -> impl Strategy<Value = Choices> {
    prop::collection::vec(prop::option::of((any::<u8>(), any::<u8>(), any::<u8>(), -5..6i64)), 0..40)
}

fn settings() -> Settings {
    let crossing = Crossing { slippage: Slippage::Share(Rate::basis_points(5)), ..Crossing::default() };
    Settings { fees: Fees::flat(Rate::basis_points(10)), crossing, allow_short: true, ..Settings::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Cut the data at any bar: everything before is unchanged.
    #[test]
    fn nothing_looks_ahead(bars in market(), choices in choices(), cut in any::<prop::sample::Index>()) {
        let whole = run_with(stock(), settings(), &bars, drawn(choices.clone()));
        let cut = cut.index(bars.len()) + 1;
        let part = run_with(stock(), settings(), &bars[..cut], drawn(choices));
        prop_assert_eq!(&part.equity[..], &whole.equity[..cut]);
        let before_end = part.events.len() - 1;
        prop_assert_eq!(&part.events[..before_end], &whole.events[..before_end]);
    }

    /// Equal inputs give equal bytes, on one thread or several.
    #[test]
    fn runs_are_equal_on_any_thread(bars in market(), choices in choices()) {
        let hash = run_with(stock(), settings(), &bars, drawn(choices.clone())).hash;
        let (bars, choices) = (Arc::new(bars), Arc::new(choices));
        let threads: Vec<_> = (0..2).map(|_| {
            let (bars, choices) = (Arc::clone(&bars), Arc::clone(&choices));
            std::thread::spawn(move || run_with(stock(), settings(), &bars, drawn((*choices).clone())).hash)
        }).collect();
        for thread in threads {
            prop_assert_eq!(&thread.join().unwrap(), &hash);
        }
    }

    /// A run that is put aside in the middle and taken up again is the run that was not.
    #[test]
    fn a_split_run_is_the_whole_run(bars in market(), choices in choices(), cut in any::<prop::sample::Index>()) {
        let whole = run_with(stock(), settings(), &bars, drawn(choices.clone()));
        let mut first = simulator(Script(0, drawn(choices)), stock(), settings());
        let cut = cut.index(bars.len());
        for bar in &bars[..cut] {
            first.bar(SeriesId(0), bar).unwrap();
        }
        let mut second = first.clone();
        drop(first);
        for bar in &bars[cut..] {
            second.bar(SeriesId(0), bar).unwrap();
        }
        second.end(AtEnd::Keep, &[]).unwrap();
        prop_assert_eq!(second.engine().journal().hash().to_string(), whole.hash);
    }

    /// What the equity changes by is what prices did to holdings, less what was paid for fees.
    #[test]
    fn money_is_conserved(bars in market(), choices in choices()) {
        let mut simulator = simulator(Script(0, drawn(choices)), stock(), settings());
        for bar in &bars {
            let equity = simulator.bar(SeriesId(0), bar).unwrap();
            let account = simulator.engine().account();
            account.ledger().check().unwrap();
            let position = account.position(qframe_model::ids::InstrumentId(0));
            let worth = bar.close.times(position.quantity).unwrap();
            prop_assert_eq!(account.cash().plus(worth).unwrap(), equity);
            // Cost, open profit and realised profit tell the same story as the ledger.
            let open = worth.minus(position.cost).unwrap().minus(position.entry_fees).unwrap();
            let told = position.realised.plus(open).unwrap().plus(Cash::whole(10_000)).unwrap();
            prop_assert_eq!(told, equity);
        }
    }

    /// Ten times the prices and ten times the money: ten times the equity, with the same units.
    #[test]
    fn equity_scales_with_prices_and_cash(bars in market(), choices in choices()) {
        let fees = Settings { fees: Fees::flat(Rate::basis_points(10)), allow_short: true, ..Settings::default() };
        let at_market = |choices: &Choices| -> Choices {
            // Amounts of money and prices of orders would have to be scaled too: shares and units at the market are not.
            choices.iter().map(|choice| choice.map(|(_, size, flags, shift)| (0, size % 5, flags & 1, shift))).collect()
        };
        let ten = |price: Price| Price::from_nanos(price.nanos() * 10);
        let scaled: Vec<Bar> = bars.iter().map(|bar| Bar {
            open: ten(bar.open), high: ten(bar.high), low: ten(bar.low), close: ten(bar.close), ..*bar
        }).collect();
        let choices = at_market(&choices);
        let one = run_with_cash(10_000, fees.clone(), &bars, drawn(choices.clone()));
        let more = run_with_cash(100_000, fees, &scaled, drawn(choices));
        let times_ten: Vec<_> = one.iter().map(|equity| Cash::from_attos(equity.attos() * 10)).collect();
        prop_assert_eq!(more, times_ten);
    }

    /// No fees and a price that stands still: the equity does too.
    #[test]
    fn a_flat_market_without_fees_changes_nothing(choices in choices()) {
        let flat = bars(&[[100.0; 4]; 30]);
        let free = Settings { allow_short: true, ..Settings::default() };
        let run = run_with(stock(), free, &flat, drawn(choices));
        prop_assert!(run.equity.iter().all(|equity| *equity == Cash::whole(10_000)), "{:?}", run.reports());
    }
}
