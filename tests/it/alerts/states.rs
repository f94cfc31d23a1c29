//! The drawing of an alert's states is the table in the code.

use std::collections::BTreeSet;

use entrepot::alerts::core::ALERT_STEPS;

const DRAWING: &str = include_str!("../../../docs/states.md");

#[test]
fn the_drawing_shows_every_step_and_no_other() {
    let drawing = DRAWING.split("## Alert").nth(1).and_then(|rest| rest.split("```").nth(1)).unwrap();
    let step = |line: &'static str| {
        let (from, rest) = line.trim().split_once(" --> ")?;
        let (to, action) = rest.split_once(": ")?;
        // Automatic transitions are no steps of a user.
        (from != "[*]" && to != "[*]" && action.starts_with("alert")).then_some((from, action, to))
    };
    let drawn_lines: BTreeSet<(&str, &str, &str)> = drawing.lines().filter_map(step).collect();
    let coded = ALERT_STEPS.iter().map(|(from, action, to)| (from.as_str(), action.mutation(), to.as_str())).collect();
    assert_eq!(drawn_lines, coded);
}
