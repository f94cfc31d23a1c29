//! Changes as people and programs read them.

use super::change::{Change, Diff, Impact};
use crate::json::Json;

const NONE: &str = "No changes.\n";

pub(super) fn text(diff: &Diff) -> String {
    sections(
        diff,
        |impact, count| format!("{} ({count})\n", impact.title()),
        |change| format!("  {}: {} [{}]\n", change.coordinate, change.text, change.kind.code()),
    )
}

pub(super) fn markdown(diff: &Diff) -> String {
    sections(
        diff,
        |impact, _| format!("### {}\n\n", impact.title()),
        |change| {
            let end = if change.text.ends_with('.') { "" } else { "." };
            format!("* `{}`: {}{end}\n", change.coordinate, change.text)
        },
    )
}

/// With an empty line between two sections.
fn sections(diff: &Diff, heading: impl Fn(Impact, usize) -> String, line: impl Fn(&Change) -> String) -> String {
    if diff.changes.is_empty() {
        return NONE.to_owned();
    }
    let mut out = String::new();
    for impact in Impact::ALL {
        let count = diff.of(impact).count();
        if count == 0 {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&heading(impact, count));
        diff.of(impact).for_each(|change| out.push_str(&line(change)));
    }
    out
}

pub(super) fn json(diff: &Diff) -> String {
    let member = |name: &str, text: &str| (name.to_owned(), Json::Text(text.to_owned()));
    let change = |change: &Change| {
        Json::Object(vec![
            member("impact", change.kind.impact().code()),
            member("kind", change.kind.code()),
            member("coordinate", &change.coordinate),
            member("text", &change.text),
        ])
    };
    let is_breaking = diff.of(Impact::Breaking).next().is_some();
    let report = Json::Object(vec![
        ("isBreaking".to_owned(), Json::Bool(is_breaking)),
        ("changes".to_owned(), Json::List(diff.changes.iter().map(change).collect())),
    ]);
    report.to_pretty_text() + "\n"
}
