//! Workarounds for async-graphql are in one folder, each with a test that fails once it can be
//! removed.

use std::fs;

use super::{no_faults, sources};

#[test]
fn each_repair_of_the_engine_has_a_test_that_ends_it() {
    let (mut faults, mut checked_count) = (Vec::new(), 0);
    for (file, path) in sources() {
        let text = fs::read_to_string(path).unwrap();
        if file.starts_with("graphql/upstream/") {
            checked_count += 1;
            if !text.contains("async fn the_engine_still_") {
                faults.push(format!("{file} has no test `the_engine_still_…`"));
            }
        } else if file != "graphql/upstream.rs" && text.contains("8.0.0-rc") {
            faults.push(format!("{file} speaks of a release of async-graphql: repairs stand in graphql/upstream"));
        }
    }
    assert!(checked_count > 7, "the repairs were not found");
    no_faults(&faults);
}
