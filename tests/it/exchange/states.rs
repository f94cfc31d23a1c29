//! The drawing of an exchange's states is the table in the code.

use std::collections::BTreeSet;

use entrepot::exchange::core::State;

const DRAWING: &str = include_str!("../../../docs/states.md");

#[test]
fn the_drawing_shows_every_step_and_no_other() {
    let drawing = DRAWING.split("## Import, export, bulk operation").nth(1).and_then(|rest| rest.split("```").nth(1)).unwrap();
    let step = |line: &'static str| {
        let (from, rest) = line.trim().split_once(" --> ")?;
        let (to, _) = rest.split_once(": ")?;
        (from != "[*]" && to != "[*]").then_some((from, to))
    };
    let drawn_lines: BTreeSet<(&str, &str)> = drawing.lines().filter_map(step).collect();
    let all = State::ALL.iter().flat_map(|from| State::ALL.iter().map(move |to| (*from, *to)));
    let coded = all.filter(|(from, to)| from.may_become(*to)).map(|(from, to)| (from.as_str(), to.as_str())).collect();
    assert_eq!(drawn_lines, coded);
}
