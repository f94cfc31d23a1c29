//! Visibility of works: a caller sees those of the stores that the permission is for. A caller that
//! is bound to a channel sees its orders and no work.

use iam::access::{Permit, Reach, kind};
use inventory::fulfilment::{
    core::WorkHead,
    rows::{WorkTest, WorkTests},
};
use platform::storage::Nested;

/// Whether the permit is for this work.
pub fn covers(permit: &Permit<kind::FulfilmentRead>, work: &WorkHead) -> bool {
    permit.channel().is_none() && permit.covers(work.store)
}

/// Limits the tests of a list to works that the permit covers.
pub fn within(permit: &Permit<kind::FulfilmentRead>, mut tests: Nested<WorkTests>) -> Nested<WorkTests> {
    if permit.channel().is_some() {
        tests.own.works.push(WorkTest::Store(Vec::new()));
    } else if let Reach::Stores(stores) = permit.reach() {
        tests.own.works.push(WorkTest::Store(stores.to_vec()));
    }
    tests
}
