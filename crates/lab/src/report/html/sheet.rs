//! The page of a curve by itself.
use std::io::{BufWriter, Write};

use qframe_model::time::Time;

use super::escape::Escaped;
use super::sections::{Chart, chart, thinned, windows};
use super::{chance, data, head, months, periods, scripts, tear};
use crate::report::periods::periods as by_period;
use crate::report::tear::{Sheet, shown as figure};
use crate::report::track::{Rolling, Track};
use crate::report::{ReportError, text};

/// Writes the tear sheet of any curve as one HTML file that opens offline.
///
/// # Errors
/// [`ReportError::Write`] where `out` does not take it.
pub fn sheet(sheet: &Sheet<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let Sheet { track, notes, chance } = *sheet;
    let mut out = BufWriter::new(out);
    let (rolling, nonce, periods) = (Rolling::of(track), nonce(track), by_period(track));
    head(&format!("{} – QFrame report", track.name), &nonce, &mut out)?;
    header(track, &mut out)?;
    tiles(track, &mut out)?;
    charts(track, &mut out)?;
    periods::section(&periods, &mut out)?;
    windows(track, rolling.as_ref(), &mut out)?;
    if let Some(chance) = chance {
        chance::section(chance, &mut out)?;
    }
    writeln!(out, "<div class=\"pair\">")?;
    tear::drawdowns(track, &mut out)?;
    tear::years(track, &mut out)?;
    writeln!(out, "</div>")?;
    tear::metrics(track, &track.metrics(), &mut out)?;
    footer(notes, &mut out)?;
    scripts(&nonce, &mut out, |out| {
        data::write_track(&data::Drawn { track, rolling: rolling.as_ref(), periods: &periods, chance }, out)
    })?;
    Ok(out.flush()?)
}

/// What a script must carry to run: made of every value, so that no name in the page can know it.
fn nonce(track: &Track) -> String {
    let mut hasher = blake3::Hasher::new();
    for (time, value) in track.times_ns.iter().zip(&track.values) {
        hasher.update(&time.to_le_bytes());
        hasher.update(&value.to_le_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

fn ends(track: &Track) -> [String; 2] {
    let [first, last] = [track.times_ns.first(), track.times_ns.last()];
    [first, last].map(|ns| ns.map_or_else(String::new, |ns| format!("{:#}", Time::from_nanos(*ns))))
}

fn header(track: &Track, out: &mut impl Write) -> Result<(), ReportError> {
    writeln!(out, "<header>\n<p class=\"over\">QFrame report</p>\n<h1>{}</h1>", Escaped(&track.name))?;
    let [first, last] = ends(track);
    let returns = text::counted(track.values.len() - 1, &format!("{} return", track.word()));
    let beside = track.beside.as_ref().map_or_else(String::new, |beside| format!(" · beside {}", beside.name));
    let under = format!("{first} to {last} · {returns}{beside}");
    Ok(writeln!(out, "<p class=\"under\">{}</p></header>", Escaped(&under))?)
}

fn tiles(track: &Track, out: &mut impl Write) -> Result<(), ReportError> {
    let all = track.metrics();
    let of = |name: &str| all.iter().find(|metric| metric.own.name == name);
    let shown = |name: &str| of(name).map_or_else(String::new, |own| figure(own.own.unit, own.own.value));
    let beside = |name: &str| {
        let metric = of(name).filter(|metric| metric.benchmark.is_some());
        metric.map_or_else(String::new, |metric| format!("benchmark {}", figure(metric.own.unit, metric.benchmark)))
    };
    let tiles = [
        ("Total return", "comp", beside("comp")),
        ("Growth a year", "cagr", beside("cagr")),
        ("Sharpe ratio", "sharpe", format!("Sortino {}", shown("sortino"))),
        ("Max. drawdown", "max_drawdown", beside("max_drawdown")),
        ("Volatility", "volatility", beside("volatility")),
        ("Above luck", "probabilistic_sharpe_ratio", format!("needs {} returns", shown("minimum_track_record_length"))),
    ];
    super::tiles::all(&tiles.map(|(title, name, below)| (title, shown(name), below)), out)
}

fn charts(track: &Track, out: &mut impl Write) -> Result<(), ReportError> {
    let all = track.metrics();
    let of = |name: &str| {
        let found = all.iter().find(|metric| metric.own.name == name);
        found.map_or_else(String::new, |metric| figure(metric.own.unit, metric.own.value))
    };
    let note = thinned(track.values.len());
    let beside = track.beside.as_ref();
    let scaled = beside.map_or_else(String::new, |beside| {
        format!("{} is scaled to the value at the first instant that both have.", beside.name)
    });
    let equity = Chart {
        id: "equity",
        title: beside.map_or_else(|| "Value".to_owned(), |beside| format!("Value against {}", beside.name)),
        alternative: format!("Line chart of the value, with a total return of {}.", of("comp")),
        note: format!("{scaled}{note}"),
    };
    chart(&equity, out)?;
    let drawdown = Chart {
        id: "drawdown",
        title: "Drawdown".to_owned(),
        alternative: format!("Area chart of the drawdown, {} at the deepest.", of("max_drawdown")),
        note: format!("Distance of the value from its highest so far.{note}"),
    };
    chart(&drawdown, out)?;
    writeln!(out, "<div class=\"pair\">")?;
    months::section(&track.months(), out)?;
    let returns = Chart {
        id: "returns",
        title: format!("Spread of {} returns", track.word()),
        alternative: format!("Histogram of the returns: the worst {}, the best {}.", of("worst"), of("best")),
        note: "Zero is an edge of the bars.".to_owned(),
    };
    chart(&returns, out)?;
    Ok(writeln!(out, "</div>")?)
}

fn footer(notes: &[String], out: &mut impl Write) -> Result<(), ReportError> {
    writeln!(out, "<section class=\"card\"><h2>Data</h2><ul class=\"notes\">")?;
    for note in notes {
        writeln!(out, "<li>{}</li>", Escaped(note))?;
    }
    writeln!(out, "</ul></section>")?;
    Ok(writeln!(
        out,
        "<footer><p>This page is complete in itself and asks the network for nothing. Times are UTC. Charts by plotly.js \
         (MIT).</p></footer>\n</main>"
    )?)
}
