//! What a terminal shows: the lines that people know, in any width, with or without pictures.
use qframe_lab::report::{self, Look, Style};
use qframe_model::time::TimeFrame;

use super::Run;

fn shown(run: &Run, style: Style) -> String {
    run.written(|facts, out| {
        report::loading("BTC/USD", Some(TimeFrame::DAY), "bundled sample, Coinbase", style, out)?;
        report::loaded(&facts.backtest.data()[0], style, out)?;
        report::terminal(facts, style, out)
    })
}

const HEAD: &str = "📊 Loading BTC/USD 1d (bundled sample, Coinbase)...
✅ Loaded 1770 bars
   Period: 2014-12-01 to 2019-10-17
💰 Portfolio Performance:
   Initial Capital: $10,000.00
   Final Value: $";

#[test]
fn it_begins_with_the_lines_that_people_know() {
    let (run, width) = (Run::bitcoin(), 80);
    let rich = shown(&run, Style { look: Look::Rich, width });
    assert!(rich.starts_with(HEAD), "{rich}");
    let plain = shown(&run, Style { look: Look::Plain, width });
    let without_pictures: String = HEAD.replace("📊 ", "").replace("✅ ", "").replace("💰 ", "");
    assert!(plain.is_ascii() && plain.starts_with(&without_pictures), "{plain}");
    let starts = [
        "   Total Return: ",
        "   Sharpe Ratio: ",
        "   Max Drawdown: -",
        "📊 Trading Statistics:",
        "   Total Trades: ",
        "   Win Rate: ",
        "   Average Return per Trade: ",
    ];
    let lines: Vec<&str> = rich.lines().skip(6).collect();
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line:?} begins with {start:?}");
    }
    assert!(lines[0].contains("%        (Buy & Hold: ") && lines[0].ends_with("%)"));
}

#[test]
fn the_statistics_and_the_charges_are_lines_of_one_width() {
    let run = Run::bitcoin();
    let text = run.written(report::statistics);
    let widths: Vec<usize> = text.lines().map(str::len).collect();
    // Statistics, charges, costs, and whether it is luck.
    assert_eq!(widths.len(), 32 + 6 + 4 + 2);
    assert!(widths.iter().all(|width| *width == widths[0]), "{text}");
    assert!(run.written(|facts, out| report::conventions(facts, Style::default(), out)).lines().count() > 64);
}

#[test]
fn the_curve_fits_its_width() {
    for run in [Run::bitcoin(), Run::without_trades()] {
        for (width, look) in
            [(0, Look::Plain), (40, Look::Rich), (80, Look::Plain), (137, Look::Rich), (999, Look::Rich)]
        {
            let text = run.written(|facts, out| report::curve(facts, Style { look, width }, out));
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
            let room = width.clamp(40, 200);
            assert!(room - 1 <= widest && widest <= room, "{width}: {widest}\n{text}");
            assert_eq!(text.lines().count(), 1 + 12 + 2, "{text}");
            assert!(text.contains("2014-12-01") && text.contains("2019-10-17"), "{text}");
            assert_eq!(look == Look::Plain, text.is_ascii(), "{text}");
        }
    }
}
