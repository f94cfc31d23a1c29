//! The drawing of a return's states is the table in the code.

use std::collections::BTreeSet;

use entrepot::returns::core::RETURN_STEPS;

const DRAWING: &str = include_str!("../../../docs/states.md");

#[test]
fn the_drawing_shows_every_step_and_no_other() {
    let drawing = DRAWING.split("## Return").nth(1).and_then(|rest| rest.split("```").nth(1)).unwrap();
    let drawn_lines: BTreeSet<(&str, &str, &str)> = drawing
        .lines()
        .filter_map(|line| {
            let (from, rest) = line.trim().split_once(" --> ")?;
            let (to, action) = rest.split_once(": ")?;
            (from != "[*]" && to != "[*]").then_some((from, action, to))
        })
        .collect();
    let steps = RETURN_STEPS.iter();
    let coded: BTreeSet<(&str, &str, &str)> =
        steps.flat_map(|(from, action, to)| to.iter().map(|to| (from.as_str(), action.mutation(), to.as_str()))).collect();
    assert_eq!(drawn_lines, coded);
}
