//! The same risk control without a simulator: a driver outside hands the engine one input at a time, as a live session does,
//! and carries its intents; what is refused, withdrawn, tripped and armed again is what a backtest over the same events says.
use std::collections::VecDeque;
use std::sync::Arc;

use qframe_engine::venue::{Settings, SimVenue};
use qframe_engine::{
    Breaker, Command, Context, Engine, EngineSetup, Input, Intent, Keep, Limits, Market, RiskControl, Sizing, Strategy,
    TickSimulator, Ticket, Trigger,
};
use qframe_model::account::Account;
use qframe_model::breaker::TradingState;
use qframe_model::currency::Currency;
use qframe_model::event::{Event, Header, Report};
use qframe_model::ids::{CommodityId, OrderId};
use qframe_model::market::Tick;
use qframe_model::number::{Cash, Quantity, Rate};
use qframe_model::time::{Span, Time};

use crate::laws::ticket;
use crate::tick_laws::random;
use crate::ticks::{ID, late, quote, spot, trade};

/// What comes from outside on a row.
#[derive(Clone, Copy)]
enum Ask {
    Send(Ticket),
    Withdraw(OrderId),
}

/// What is known on a row, and what is asked for on it: a person speaks before it, an order comes behind it.
struct Row {
    tick: Tick,
    person: Option<Command>,
    ask: Option<Ask>,
}

/// Trades and quotes by a clock on the wall: no two alike, each known some milliseconds after it happened.
fn recorded(seed: u64) -> Vec<Row> {
    let mut random = random(seed);
    let (mut sent, mut price) = (0, 100.0_f64);
    let row = |number: i64| {
        price = (price + random(9) as f64 * 0.5 - 2.0).clamp(50.0, 150.0);
        let (time, count) = (137 * number + random(90) as i64, 1 + random(40));
        let side = if random(2) == 0 { qframe_model::market::Side::Buy } else { qframe_model::market::Side::Sell };
        let tick = match random(3) {
            0 => trade(time, side, price, count),
            _ => quote(time, (price - 0.5, count), (price + 0.5, count + 3)),
        };
        let person = match random(60) {
            0 => Some(Command::Trip([TradingState::ReduceOnly, TradingState::Halted][random(2) as usize])),
            1 => Some(Command::Rearm),
            _ => None,
        };
        let ask_one = || {
            if random(6) == 0 && sent > 0 {
                return Ask::Withdraw(OrderId(1 + random(sent)));
            }
            sent += 1;
            let mut small = || random(256) as u8;
            let choice = (small(), small(), small(), random(11) as i64 - 5);
            Ask::Send(ticket(choice, price))
        };
        // Seven rows a second: limits of a second are for those.
        let ask = (number % 5 > 0).then(ask_one);
        Row { tick: late(tick, Span::from_nanos(1_234_567 + (number % 29) * 1_000_003)), person, ask }
    };
    (1..160).map(row).collect()
}

/// Limits of every family and breakers that trip and cool down, some of them by chance left out.
fn limits(seed: u64) -> Limits {
    let mut random = random(!seed);
    let mut limits = Limits::default();
    let mut some = || random(3) > 0;
    limits.symbol.order_quantity = some().then(|| Quantity::whole(60));
    limits.symbol.position_value = some().then(|| Cash::whole(6_000));
    limits.symbol.collar = some().then(|| Rate::percent(3));
    limits.symbol.open_orders = some().then_some(5);
    limits.portfolio.leverage = some().then(|| Rate::percent(90));
    limits.portfolio.orders_per_second = some().then_some(4);
    limits.portfolio.orders_per_minute = some().then_some(60);
    limits.portfolio.daily_loss = some().then(|| Rate::percent(8));
    let breaker = |trigger, then, seconds| Breaker { trigger, then, cool_down: Some(Span::from_seconds(seconds)) };
    let loss = Trigger::Loss { share: Rate::percent(2), within: Span::from_seconds(5) };
    let all = [
        breaker(Trigger::Drawdown(Rate::percent(4)), TradingState::Flattening, 3),
        breaker(loss, TradingState::ReduceOnly, 2),
        breaker(Trigger::Jump(Rate::basis_points(195)), TradingState::Halted, 1),
        breaker(Trigger::Slippage { share: Rate::basis_points(40), fills: 5 }, TradingState::ReduceOnly, 2),
        breaker(Trigger::Stale(Span::from_nanos(230_000_000)), TradingState::Halted, 1),
    ];
    limits.breakers = all.into_iter().filter(|_| some()).collect();
    limits
}

fn settings() -> Settings {
    Settings { allow_short: true, ..Settings::default() }
}

fn engine<S: Strategy>(strategy: S, limits: Limits) -> (Engine<S, RiskControl>, SimVenue) {
    let instruments: Arc<[_]> = Arc::new([spot()]);
    let venue = SimVenue::new(settings(), &instruments);
    let (reporting, sizing, keep) = (Currency::USD, Sizing::default(), Keep::All);
    let setup = EngineSetup { instruments, series: Vec::new(), reporting, sizing, keep };
    (Engine::new(strategy, RiskControl::from(limits), setup).unwrap(), venue)
}

/// Asks for what stands beside each row, as a strategy of a backtest.
struct Player(usize, Vec<Option<Ask>>);

impl Strategy for Player {
    fn on_market(&mut self, _market: &Market<'_>, context: &mut Context<'_>) {
        match self.1.get(self.0).copied().flatten() {
            Some(Ask::Send(ticket)) => _ = context.send(ticket),
            Some(Ask::Withdraw(order)) => context.cancel(order),
            None => {}
        }
        self.0 += 1;
    }
}

fn backtest(rows: &[Row], limits: Limits) -> Vec<Event> {
    let player = Player(0, rows.iter().map(|row| row.ask).collect());
    let (engine, venue) = engine(player, limits);
    let mut simulator = TickSimulator::new(engine, venue, vec![ID]);
    simulator.start(Time::EPOCH, Header::default(), Cash::whole(10_000)).unwrap();
    for row in rows {
        simulator.happen(ID, &row.tick).unwrap();
        row.person.into_iter().for_each(|command| simulator.command(row.tick.received(), command).unwrap());
        simulator.tick(ID, &row.tick).unwrap();
    }
    simulator.engine().journal().iter().map(Result::unwrap).collect()
}

/// Decides nothing: all orders come from outside.
struct Silent;

impl Strategy for Silent {
    fn on_market(&mut self, _market: &Market<'_>, _context: &mut Context<'_>) {}
}

/// A session: the engine here, an exchange with its own ledger there, and words between them.
struct Session {
    engine: Engine<Silent, RiskControl>,
    exchange: SimVenue,
    ledger: Account,
    words: VecDeque<Report>,
}

impl Session {
    fn open(limits: Limits) -> Self {
        let (mut engine, mut exchange) = engine(Silent, limits);
        exchange.feed_ticks(ID);
        engine.step(Input::Start(Time::EPOCH, Header::default())).unwrap();
        engine.step(Input::Deposit(Time::EPOCH, CommodityId(0), Cash::whole(10_000))).unwrap();
        let ledger = engine.account().clone();
        Self { engine, exchange, ledger, words: VecDeque::new() }
    }

    fn live(&mut self, row: &Row) {
        let now = row.tick.received();
        self.carry(row.tick.time() - Span::from_nanos(1));
        self.exchange.tick(ID, &row.tick);
        self.listen();
        self.carry(now);
        if let Some(command) = row.person {
            self.engine.step(Input::Command(now, command)).unwrap();
            self.carry(now);
        }
        self.engine.step(Input::Tick(ID, row.tick)).unwrap();
        let input = row.ask.map(|ask| match ask {
            Ask::Send(ticket) => Input::Order(now, ticket),
            Ask::Withdraw(order) => Input::Cancel(now, order),
        });
        input.into_iter().for_each(|input| self.engine.step(input).unwrap());
        self.engine.step(Input::Instant(now)).unwrap();
        self.carry(now);
    }

    /// Takes intents there and words here, until both sides are silent and nothing more happens up to an instant.
    fn carry(&mut self, until: Time) {
        loop {
            let now = self.engine.now();
            for intent in self.engine.intents() {
                match intent {
                    Intent::Submit(order) => self.exchange.submit(&order),
                    Intent::Cancel(order) => self.exchange.cancel(order, now),
                }
            }
            if let Some(report) = self.words.pop_front() {
                self.engine.step(Input::Report(report)).unwrap();
            } else if let Some(time) = self.exchange.next_arrival().filter(|time| *time <= until) {
                self.exchange.arrive(time);
                self.listen();
            } else {
                return;
            }
        }
    }

    fn listen(&mut self) {
        if let Some(mark) = self.exchange.mark_of(ID) {
            self.ledger.mark(ID, mark).unwrap();
        }
        while let Some(report) = self.exchange.next_report(&self.ledger).unwrap().copied() {
            self.ledger.apply(&report).unwrap();
            self.words.push_back(report);
        }
    }
}

#[test]
fn a_live_driver_gets_the_verdicts_of_the_backtest() {
    let (mut refused, mut withdrawn, mut trips, mut fills) = (0, 0, 0, 0);
    for seed in 0..120 {
        let rows = recorded(seed);
        let tested = backtest(&rows, limits(seed));
        let mut session = Session::open(limits(seed));
        rows.iter().for_each(|row| session.live(row));
        let lived: Vec<Event> = session.engine.journal().iter().map(Result::unwrap).collect();
        let apart = tested.iter().zip(&lived).position(|(one, other)| one != other);
        assert_eq!(apart.map(|place| (&tested[place], &lived[place])), None, "seed {seed}");
        // What the exchange answered to the last row is heard there with the next one.
        let rest = lived.get(tested.len()..).unwrap_or_else(|| panic!("seed {seed}: it says less"));
        assert!(rest.iter().all(|event| matches!(event, Event::Reported(_))), "seed {seed}: {rest:?}");
        let count = |is: fn(&Event) -> bool| tested.iter().filter(|event| is(event)).count();
        refused += count(|event| matches!(event, Event::Refused { .. }));
        withdrawn += count(|event| matches!(event, Event::Withdrawn { .. }));
        trips += count(|event| matches!(event, Event::Tripped(_)));
        fills += count(|event| matches!(event, Event::Reported(Report::Filled { .. })));
    }
    // The streams say something about every verdict.
    assert!(refused > 1_000 && withdrawn > 100 && trips > 100 && fills > 500, "{refused} {withdrawn} {trips} {fills}");
}
