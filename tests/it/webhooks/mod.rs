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

use entrepot::{schema::events::registry, storage::events::Source};

/// Every declared event is in the schema's `@emits`, but for those that are declared as no mutation's.
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
    emitted.extend(registry().events().filter(|event| event.source() == Source::System).map(|event| event.name()));
    let listed: BTreeSet<&str> = registry().events().map(|event| event.name()).collect();
    assert_eq!(listed, emitted);
    assert_eq!(listed.len(), registry().events().count(), "none twice");
}
