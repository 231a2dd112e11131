//! `qframe lookahead`: does a strategy decide on what it could know?
use std::io::{self, Write};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use qframe_lab::lookahead::{
    Difference, Enough, Examined, Extent, NeededRow, STRENGTH_TOLERANCE, Verdict, WarmUp, examine,
};
use qframe_lab::registry::StrategySpec;
use qframe_model::count::counted;
use serde::Serialize;

use crate::error::Error;
use crate::run::plan::Plan;
use crate::run::raw::Raw;

/// The version of the JSON object's form.
const VERSION: u32 = 1;

/// The flags: those of `backtest`, and how often the data is cut.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code 0: nothing found; 1: look-ahead, or two runs that differ.

Examples:
  qframe lookahead
  qframe lookahead --strategy rsi-reversion --data AAPL --cuts 100 --seed 7
  qframe lookahead --data prices.csv --strategy donchian-breakout --json")]
pub(crate) struct Lookahead {
    #[command(flatten)]
    raw: Raw,
    /// At how many instants the data is cut; --seed draws them.
    #[arg(long, default_value_t = 20, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    cuts: u32,
}

#[derive(Serialize)]
struct Told<'a> {
    version: u32,
    strategy: &'a str,
    params: serde_json::Map<String, serde_json::Value>,
    data: Vec<String>,
    seed: u64,
    strength_tolerance: f64,
    #[serde(flatten)]
    examined: &'a Examined,
}

impl Lookahead {
    pub(crate) fn run(self, own: &[StrategySpec]) -> Result<(), Error> {
        let raw = self.raw.with_file()?;
        let files = [
            ("--report", &raw.report),
            ("--trades", &raw.trades),
            ("--equity", &raw.equity),
            ("--orders", &raw.orders),
        ];
        if let Some((flag, Some(path))) = files.into_iter().find(|(_, path)| path.is_some()) {
            return Err(Error::usage(flag, path.display(), "lookahead writes no such file; qframe backtest does"));
        }
        look(&raw, own, self.cuts as usize).map_err(|error| raw.from_file.blame(error))
    }
}

fn look(raw: &Raw, own: &[StrategySpec], cuts: usize) -> Result<(), Error> {
    let plan = Plan::new(raw, own)?;
    // What is wrong with the words is said by the flags that are to blame.
    plan.strategy()?;
    let extent = Extent { cuts, seed: plan.backtest.setup().seed };
    let bar = ProgressBar::with_draw_target(Some(cuts as u64), ProgressDrawTarget::stderr());
    let examined = examine(&plan.backtest, &|part| plan.strategy_on(part), extent, &mut |done, all| {
        bar.set_length(all as u64);
        if bar.elapsed().as_millis() > 1_000 {
            bar.set_position(done as u64);
        }
    });
    bar.finish_and_clear();
    let examined = examined?;
    let mut out = io::stdout().lock();
    if raw.json { json(&plan, &examined, &mut out) } else { text(&plan, &examined, &mut out) }?;
    match &examined.verdict {
        Verdict::Nothing => Ok(()),
        Verdict::LookAhead { .. } => Err(Error::Refused(format!("{} looks ahead", plan.spec.name))),
        Verdict::NotRepeatable { .. } => Err(Error::Refused(format!(
            "{} decides otherwise when it is run again on the same data; give it a seed and no memory",
            plan.spec.name
        ))),
    }
}

fn names(plan: &Plan<'_>) -> Vec<String> {
    let sets = plan.backtest.data().iter();
    sets.map(|set| format!("{} {}", set.instrument().symbol(), set.frame())).collect()
}

fn json(plan: &Plan<'_>, examined: &Examined, out: &mut impl Write) -> Result<(), Error> {
    let params = plan.header().parameters.into_iter().map(|(name, value)| (name, value.into())).collect();
    let told = Told {
        version: VERSION,
        strategy: plan.spec.name,
        params,
        data: names(plan),
        seed: plan.backtest.setup().seed,
        strength_tolerance: STRENGTH_TOLERANCE,
        examined,
    };
    serde_json::to_writer_pretty(&mut *out, &told).map_err(io::Error::from)?;
    Ok(writeln!(out)?)
}

fn text(plan: &Plan<'_>, examined: &Examined, out: &mut impl Write) -> Result<(), Error> {
    writeln!(out, "Look-ahead of {} on {}", plan.spec.name, names(plan).join(", "))?;
    if let Some((first, last)) = examined.span {
        writeln!(out, "  Cuts       {}, from {first:#} to {last:#}", examined.cuts)?;
        writeln!(out, "  Compared   {} events: signals, orders, refusals and what came of them", examined.events)?;
    }
    if let Some((count, reason)) = &examined.skipped {
        writeln!(out, "  Passed     {count} cuts before which the strategy cannot be made: {reason}")?;
    }
    match &examined.verdict {
        Verdict::Nothing => {
            writeln!(out, "  Found      nothing: without what came later, all is the same up to each cut")?;
        }
        Verdict::LookAhead { decision, needed } => {
            writeln!(
                out,
                "  Found      LOOK-AHEAD: without what came after {:#} it decides otherwise",
                decision.known_until
            )?;
            parted(decision, out)?;
            needed.iter().try_for_each(|row| need(row, out))?;
        }
        Verdict::NotRepeatable { decision } => {
            writeln!(out, "  Found      NOT REPEATABLE: a second run on the same data decides otherwise")?;
            parted(decision, out)?;
        }
    }
    warm_up(&examined.warm_up, out)?;
    writeln!(
        out,
        "Not seen: what the strategy reads by itself, such as a file; between the cuts, what no cut divides."
    )?;
    Ok(())
}

fn parted(decision: &Difference, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "  Decision   event {} at {:#}", decision.event, decision.time)?;
    writeln!(out, "    as run     {}", decision.whole)?;
    writeln!(out, "    otherwise  {}", decision.part)
}

fn need(row: &NeededRow, out: &mut impl Write) -> io::Result<()> {
    let NeededRow { symbol, timeframe, row, time, known, ahead } = row;
    let bars = if *ahead == 1 { "bar" } else { "bars" };
    writeln!(
        out,
        "  Needed     {symbol} {timeframe} row {row}: the bar of {time:#}, known {known:#}, {ahead} {bars} ahead"
    )
}

fn warm_up(warm_up: &WarmUp, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "Warm-up\n  Declared   {}", counted(warm_up.declared, "bar"))?;
    if warm_up.starts > 0 {
        writeln!(
            out,
            "  Compared   {} decisions after {} starts; strengths may differ by {STRENGTH_TOLERANCE:e}",
            warm_up.decisions, warm_up.starts
        )?;
    }
    match &warm_up.enough {
        Enough::Declared => writeln!(out, "  Found      enough: it decides as one that saw all the bars before")?,
        Enough::Bars { bars } => writeln!(out, "  Found      TOO SHORT: {} would be enough", counted(*bars, "bar"))?,
        Enough::NotEven { bars } => {
            writeln!(out, "  Found      TOO SHORT: not even {bars} bars are enough, and twice as many are not there")?;
        }
        Enough::NotExamined { reason } => writeln!(out, "  Found      not examined: {reason}")?,
    }
    warm_up.differs.as_ref().map_or(Ok(()), |decision| {
        writeln!(out, "  Decision   at {:#}, begun at {:#}", decision.time, decision.known_until)?;
        writeln!(out, "    saw all    {}", decision.whole)?;
        writeln!(out, "    saw few    {}", decision.part)
    })
}
