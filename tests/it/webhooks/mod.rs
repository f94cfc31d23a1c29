//! Webhooks, with receivers that are well, slow, gone, rude or somewhere they should not be.

mod hostile;
mod log;
mod papers;
pub mod receiver;
mod retention;
mod rights;
mod schedule;
mod signatures;
mod world;

use std::collections::BTreeSet;

use entrepot::webhooks::core::EVENTS;

/// The list of events is the schema's, and six that no mutation makes.
#[test]
fn every_event_has_its_place_in_the_list() {
    let sdl = entrepot::schema::sdl();
    let mut emitted: BTreeSet<&str> = sdl
        .split("@emits(events: [")
        .skip(1)
        .flat_map(|rest| rest.split(']').next().unwrap().split(", ").map(|name| name.trim_matches('"')))
        .collect();
    // The directive's own definition looks alike.
    emitted.retain(|name| name.contains('.'));
    emitted.extend(["order.expired", "webhook.disabled", "file.uploaded", "exchange.finished", "alert.opened", "alert.woken"]);
    let listed: BTreeSet<&str> = EVENTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed, emitted);
    assert_eq!(listed.len(), EVENTS.len(), "none twice");
}
