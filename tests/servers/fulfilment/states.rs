//! The drawing of works is the table of their steps.

use std::collections::BTreeSet;

use entrepot::fulfilment::core::{WORK_STEPS, actions_from, is_allowed};

const PAPER: &str = include_str!("../../../docs/fulfilment.md");

#[test]
fn the_paper_says_in_which_states_each_step_is_open() {
    let documented: BTreeSet<(String, String)> = PAPER
        .lines()
        .filter_map(|line| line.strip_prefix("| `fulfilmentWork"))
        .flat_map(|line| {
            let (name, rest) = line.split_once("` |").unwrap();
            let states = rest.split('|').next().unwrap().split(',').map(str::trim);
            states.map(|state| (format!("fulfilmentWork{name}"), state.to_owned())).collect::<Vec<_>>()
        })
        .collect();
    let known: BTreeSet<(String, String)> = WORK_STEPS
        .iter()
        .flat_map(|(action, states)| states.iter().map(|state| (action.mutation().to_owned(), state.to_string())))
        .collect();
    assert_eq!(documented, known);
}

#[test]
fn what_is_open_is_what_may_be_done() {
    for status in entity::prelude::WorkStatus::ALL {
        assert!(actions_from(*status).all(|action| is_allowed(*status, action)), "{status}");
    }
}
