//! The drawings of the states are the tables in the code.

use std::collections::BTreeSet;

use entrepot::{counts::core::COUNT_STEPS, transfers::core::TRANSFER_STEPS};

const DRAWING: &str = include_str!("../../../docs/states.md");

fn drawn_states(heading: &str) -> BTreeSet<(&'static str, &'static str, &'static str)> {
    let drawing = DRAWING.split(heading).nth(1).and_then(|rest| rest.split("```").nth(1)).unwrap();
    let step = |line: &'static str| {
        let (from, rest) = line.trim().split_once(" --> ")?;
        let (to, action) = rest.split_once(": ")?;
        (from != "[*]" && to != "[*]").then_some((from, action, to))
    };
    drawing.lines().filter_map(step).collect()
}

#[test]
fn the_drawing_of_transfers_shows_every_step_and_no_other() {
    let steps = TRANSFER_STEPS.iter();
    let coded =
        steps.flat_map(|(from, action, to)| to.iter().map(|to| (from.as_str(), action.mutation(), to.as_str()))).collect();
    assert_eq!(drawn_states("## Transfer"), coded);
}

#[test]
fn the_drawing_of_counts_shows_every_step_and_no_other() {
    let steps = COUNT_STEPS.iter();
    let coded =
        steps.flat_map(|(from, action, to)| to.iter().map(|to| (from.as_str(), action.mutation(), to.as_str()))).collect();
    assert_eq!(drawn_states("## Count"), coded);
}
