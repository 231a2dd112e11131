//! Files of every publisher into rows.
use std::fmt::Write;
use std::path::Path;

use qframe_data::import::{Import, Wish, import};
use qframe_data::{DataKey, Rows};

mod broken;
mod catalog;
mod laws;
mod published;
mod real;

/// The rows of a file, by data set.
fn rows(path: &Path, wish: &Wish) -> Vec<(DataKey, Rows)> {
    let mut rows = Vec::new();
    for answer in import(path, wish, &mut |key, batch| {
        rows.push((key.clone(), batch));
        Ok(())
    }) {
        answer.unwrap_or_else(|error| panic!("{error}"));
    }
    rows
}

/// A file of the recorded data; `None`, and a word, where it is not there.
fn shared(file: &str) -> Option<std::path::PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(file);
    if !path.exists() {
        println!("skipped: no {file}");
        return None;
    }
    Some(path)
}

/// What an import says of a file, a line for each set: dialect, key, rows, period, findings.
fn told(path: &Path, wish: &Wish) -> String {
    let mut told = String::new();
    for answer in import(path, wish, &mut |_, _| Ok(())) {
        match answer {
            Ok(import) => tell(&import, &mut told),
            Err(error) => _ = writeln!(told, "refused: {}", error.fault),
        }
    }
    told.trim_end().to_owned()
}

fn tell(import: &Import, told: &mut String) {
    let findings: Vec<String> =
        import.findings.counts.iter().map(|(defect, count)| format!("{count} {defect}")).collect();
    let findings = if findings.is_empty() { String::new() } else { format!("; {}", findings.join(", ")) };
    if import.sets.is_empty() {
        let history = import.history.as_ref().map(|history| format!(" {}", history.1.id())).unwrap_or_default();
        _ = writeln!(told, "{}: no rows{history}{findings}", import.dialect);
    }
    for set in &import.sets {
        let (first, last) = set.period.unwrap_or_default();
        let merged = if set.merged == 0 { String::new() } else { format!(", {} merged", set.merged) };
        _ = writeln!(told, "{}: {} {} rows {first:#} {last:#}{merged}{findings}", import.dialect, set.key, set.rows);
    }
}
