//! OpenMetrics text 1.0, converted from Prometheus' text: no empty lines, no `_total` in the family
//! names of counters, fractions in all edges of buckets, exemplars, and the end marker.

use super::{
    MetricsHandle,
    exemplars::{self, Exemplars},
};

impl MetricsHandle {
    /// Returns all metrics with exemplars.
    pub fn open_metrics(&self) -> String {
        // Exemplars are read first: an observation is counted before its exemplar is stored, so the
        // counts include it.
        let exemplars = exemplars::snapshot();
        add_exemplars(&self.text(), &exemplars)
    }
}

fn add_exemplars(text: &str, exemplars: &Exemplars) -> String {
    let mut out = String::with_capacity(text.len() * 5 / 4);
    let mut help = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            let (family, kind) = family(name, kind);
            if let Some((_, help)) = help.take().filter(|(help_name, _)| *help_name == name) {
                out.push_str(&format!("# HELP {family} {}\n", help.replace('"', "\\\"")));
            }
            out.push_str(&format!("# TYPE {family} {kind}\n"));
        } else if !line.is_empty() {
            sample(&mut out, line, exemplars);
        }
    }
    out.push_str("# EOF\n");
    out
}

/// The name and kind of a family. Samples of a counter have to end in `_total`.
fn family<'a>(name: &'a str, kind: &'a str) -> (&'a str, &'a str) {
    match (kind, name.strip_suffix("_total")) {
        ("counter", Some(family)) => (family, kind),
        ("counter", None) => (name, "unknown"),
        _ => (name, kind),
    }
}

fn sample(out: &mut String, line: &str, exemplars: &Exemplars) {
    match bucket(line) {
        Some((series, edge, count)) => {
            let fraction = if edge.bytes().all(|byte| byte.is_ascii_digit()) { ".0" } else { "" };
            out.push_str(&format!("{series}le=\"{edge}{fraction}\"}} {count}"));
            let exemplar_at = |edge| exemplars.of(series.trim_end_matches(','), edge);
            if let Some(exemplar) = edge.parse().ok().and_then(exemplar_at) {
                let (trace_id, seconds, at) = (exemplar.trace_id, exemplar.seconds, exemplar.at.micros());
                let (at, fraction) = (at.div_euclid(1_000_000), at.rem_euclid(1_000_000));
                out.push_str(&format!(" # {{trace_id=\"{trace_id:032x}\"}} {seconds} {at}.{fraction:06}"));
            }
        }
        None => out.push_str(line),
    }
    out.push('\n');
}

/// Parses a line of a bucket: the text up to the edge, which is the last label; the edge; the
/// count.
fn bucket(line: &str) -> Option<(&str, &str, &str)> {
    let (series, rest) = line.rsplit_once("le=\"").filter(|(series, _)| series.ends_with(['{', ',']))?;
    let (edge, count) = rest.split_once("\"} ")?;
    Some((series, edge, count))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use entity::prelude::Timestamp;
    use metrics::{counter, describe_counter, gauge, histogram, with_local_recorder};

    use super::*;
    use crate::metrics::{exemplars::Exemplar, names};

    #[test]
    fn what_prometheus_reads_is_written_as_open_metrics() {
        let recorder = names::buckets().unwrap().build_recorder();
        with_local_recorder(&recorder, || {
            describe_counter!("entrepot_panics_total", "So-called \"panics\"");
            counter!("entrepot_panics_total").increment(3);
            gauge!("entrepot_redis_up", "role" => "x").set(1.0);
            histogram!(names::OPERATION, "type" => "query", "outcome" => "OK").record(Duration::from_millis(200));
            histogram!(names::STREAM_LAG).record(Duration::from_mins(1));
        });
        let exemplars = Exemplars::default();
        let exemplar = Exemplar { trace_id: 0xabc, seconds: 0.2, at: Timestamp(1_700_000_000_000_012) };
        exemplars.insert_exemplar(exemplars::series(names::OPERATION, &[("type", "query"), ("outcome", "OK")]), exemplar);
        exemplars.insert_exemplar(exemplars::series(names::STREAM_LAG, &[]), Exemplar { seconds: 60.0, ..exemplar });
        let handle = recorder.handle();
        handle.run_upkeep();
        let text = add_exemplars(&handle.render(), &exemplars);
        let trace = "{trace_id=\"00000000000000000000000000000abc\"}";
        for line in [
            "# HELP entrepot_panics So-called \\\"panics\\\"".to_owned(),
            "# TYPE entrepot_panics counter".to_owned(),
            "entrepot_panics_total 3".to_owned(),
            "entrepot_redis_up{role=\"x\"} 1".to_owned(),
            format!("# TYPE {} histogram", names::OPERATION),
            format!("{}_bucket{{type=\"query\",outcome=\"OK\",le=\"0.25\"}} 1 # {trace} 0.2 1700000000.000012", names::OPERATION),
            format!("{}_bucket{{type=\"query\",outcome=\"OK\",le=\"1.0\"}} 1", names::OPERATION),
            format!("{}_bucket{{le=\"10.0\"}} 0", names::STREAM_LAG),
            format!("{}_bucket{{le=\"+Inf\"}} 1 # {trace} 60 1700000000.000012", names::STREAM_LAG),
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
        }
        assert!(text.ends_with("\n# EOF\n") && !text.contains("\n\n"), "{text}");
        assert_eq!(text.matches("trace_id").count(), 2, "{text}");
    }
}
