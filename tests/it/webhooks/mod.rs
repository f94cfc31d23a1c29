//! Webhooks, with receivers that work, are slow, gone or hostile, or have forbidden addresses.

mod hostile;
mod log;
mod papers;
pub mod receiver;
mod retention;
mod rights;
mod schedule;
mod signatures;
mod stages;
mod world;

use std::collections::BTreeSet;

use entrepot::{
    schema::events::{registry, subscription},
    storage::events::Source,
};

/// Every declared event is in the schema's `@emits`, but for those that are declared as no mutation's.
#[test]
fn every_event_has_its_place_in_the_list() {
    let sdl = entrepot::schema::sdl();
    let mut emitted: BTreeSet<&str> = sdl
        .split("@emits(events: [")
        .skip(1)
        .flat_map(|rest| rest.split(']').next().unwrap().split(", ").map(|name| name.trim_matches('"')))
        .collect();
    // The directive's own definition also matches.
    emitted.retain(|name| name.contains('.'));
    emitted.extend(registry().events().filter(|event| event.source() == Source::System).map(|event| event.name()));
    let listed: BTreeSet<&str> = registry().events().map(|event| event.name()).collect();
    assert_eq!(listed, emitted);
    assert_eq!(listed.len(), registry().events().count(), "none twice");
}

/// Clients are shown the comment of a family, and the subscription of its stream.
#[test]
fn every_event_says_what_it_is_about_and_has_its_subscription() {
    for event in registry().events() {
        let (name, about) = (event.name(), event.description());
        assert!(about.starts_with(char::is_uppercase) && about.ends_with('.'), "{name}: {about:?}");
        assert_eq!(
            event.topic().is_some(),
            event.topic().and_then(subscription).is_some(),
            "{name}: no subscription of its topic"
        );
    }
}
