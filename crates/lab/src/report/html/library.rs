//! The charting library inside the page.
use plotly::Plot;

/// Plotly's script with its licence at the top, as the `plotly` crate carries it, without the formula renderer that comes
/// with it.
pub(super) fn plotly() -> String {
    let scripts = Plot::offline_js_sources();
    let first = scripts.split_once('>').map_or("", |(_, rest)| rest);
    first.split_once("</script>").map_or("", |(script, _)| script).to_owned()
}

#[cfg(test)]
mod tests {
    use plotly::Plot;

    use super::plotly;

    /// Another version of the crate may hand its scripts out in another order or form.
    #[test]
    fn the_script_is_plotly_and_nothing_else() {
        let script = plotly();
        assert!(script.trim_start().starts_with("/**\n* plotly.js v"), "{}", &script[..80]);
        assert!(script.len() > 1_000_000 && !script.to_lowercase().contains("</script"));
        let whole = Plot::offline_js_sources().len();
        assert!(script.len() + 1_000_000 < whole, "the formula renderer, two megabytes, is left out");
    }
}
