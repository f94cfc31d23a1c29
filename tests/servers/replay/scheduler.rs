//! The order of documents: whatever finishes first, no take overtakes an earlier add, and
//! everything is done in the end.

use std::collections::BTreeSet;

use entrepot::replay::schedule::{Scheduler, StockEffect};
use proptest::prelude::*;

const PRODUCTS: u32 = 5;

fn products() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::btree_set(0..PRODUCTS, 0..3).prop_map(|set| set.into_iter().collect())
}

/// Documents; `after` is given as distances back and made into numbers.
fn documents() -> impl Strategy<Value = Vec<StockEffect>> {
    let document = (products(), products(), prop::collection::vec(1..20_u32, 0..3));
    prop::collection::vec(document, 0..80).prop_map(|all| {
        let numbered = (0_u32..).zip(all).map(|(at, (adds, takes, back))| {
            let after: BTreeSet<u32> = back.into_iter().filter_map(|distance| at.checked_sub(distance)).collect();
            StockEffect { adds, takes, after: after.into_iter().collect() }
        });
        numbered.collect()
    })
}

proptest! {
    #[test]
    fn order_holds_under_any_interleaving(
        works in documents(),
        window in 1..40_usize,
        parallel in 1..10_usize,
        choices in prop::collection::vec(any::<prop::sample::Index>(), 80),
    ) {
        let mut scheduler = Scheduler::new(window);
        let (mut next, mut running, mut finished) = (0, Vec::new(), BTreeSet::new());
        let mut choices = choices.into_iter();
        loop {
            while scheduler.has_room() && next < works.len() {
                scheduler.admit(next as u32, works[next].clone());
                next += 1;
            }
            while running.len() < parallel && let Some(started) = scheduler.start() {
                let work = &works[started as usize];
                for earlier in (0..started).filter(|e| !finished.contains(e)) {
                    let adds = &works[earlier as usize].adds;
                    prop_assert!(!adds.iter().any(|p| work.takes.contains(p)), "{started} overtook {earlier}");
                    prop_assert!(!work.after.contains(&earlier), "{started} did not wait for {earlier}");
                }
                running.push(started);
            }
            if running.is_empty() {
                break;
            }
            // Any of those in flight may be the next to come back.
            let Some(choice) = choices.next() else { return Err(TestCaseError::fail("more documents than there are")) };
            let call = running.swap_remove(choice.index(running.len()));
            scheduler.finish(call);
            finished.insert(call);
        }
        prop_assert!(scheduler.is_idle());
        prop_assert_eq!(finished.len(), works.len());
    }
}

#[test]
fn takes_run_together_and_an_add_holds_them_back() {
    let takes = |product| StockEffect { takes: vec![product], ..StockEffect::default() };
    let adds = |product| StockEffect { adds: vec![product], ..StockEffect::default() };
    let mut scheduler = Scheduler::new(10);
    for (number, work) in (0..).zip([takes(1), takes(1), adds(1), takes(1), takes(2)]) {
        scheduler.admit(number, work);
    }
    let started: Vec<u32> = std::iter::from_fn(|| scheduler.start()).collect();
    assert_eq!(started, [0, 1, 2, 4]);
    scheduler.finish(0);
    assert_eq!(scheduler.start(), None);
    scheduler.finish(2);
    assert_eq!(scheduler.start(), Some(3));
}
