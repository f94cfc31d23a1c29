//! The drawing of the order's states is the table in the code.

use std::collections::BTreeSet;

use entrepot::orders::core::{Action, ORDER_STEPS};

const DRAWING: &str = include_str!("../../../docs/states.md");

fn label(action: Action) -> &'static str {
    action.mutation().unwrap_or("expiry")
}

#[test]
fn the_drawing_shows_every_step_and_no_other() {
    let drawing = DRAWING.split("## Order").nth(1).and_then(|rest| rest.split("```").nth(1)).unwrap();
    let drawn_lines: BTreeSet<(&str, &str, &str)> = drawing
        .lines()
        .filter_map(|line| {
            let (from, rest) = line.trim().split_once(" --> ")?;
            let (to, action) = rest.split_once(": ")?;
            (from != "[*]" && to != "[*]").then_some((from, action, to))
        })
        .collect();
    let coded: BTreeSet<(&str, &str, &str)> = ORDER_STEPS
        .iter()
        .flat_map(|(from, action, to)| to.iter().map(|to| (from.as_str(), label(*action), to.as_str())))
        .collect();
    assert_eq!(drawn_lines, coded);
}
