//! Cost of permission checks, shared by `rights.rs` here and by a test of the promised limit.

use std::{hint::black_box, time::Instant};

use entity::prelude::{Actor, MemberId, StoreId, TenantId};
use entrepot::access::{Caller, Permission, PermissionSet, Reach, kind, permit};
use uuid::Uuid;

/// Nanoseconds of one call, the best of several runs: what else the machine does must not count.
#[allow(clippy::disallowed_methods, reason = "a benchmark reads the time")]
fn nanoseconds((runs, calls): (u32, u32), mut call: impl FnMut()) -> f64 {
    let run = |_| {
        let begun = Instant::now();
        for _ in 0..calls {
            call();
        }
        begun.elapsed().as_nanos() as f64 / f64::from(calls)
    };
    (0..runs).map(run).fold(f64::INFINITY, f64::min)
}

/// Nanoseconds of a permit for all stores, of one for 500, of a denial, and of finding one store
/// among 500: the best run, by the numbers of runs and of calls in `effort`.
pub fn checks(effort: (u32, u32)) -> Option<[f64; 4]> {
    let stores: Vec<StoreId> = (0..500).map(|n| StoreId::from_uuid(Uuid::from_u128(n))).collect();
    let mut limited = PermissionSet::default();
    limited.grant(kind::StockAdjust::INDEX, &Reach::stores(stores.iter().copied()));
    let of = |permissions| Caller::new(TenantId::NIL, Actor::member(MemberId::NIL), permissions);
    let (owner, manager) = (of(PermissionSet::all()), of(limited));
    let everywhere = nanoseconds(effort, || drop(black_box(permit::<kind::StockAdjust>(black_box(&owner)))));
    let some = nanoseconds(effort, || drop(black_box(permit::<kind::StockAdjust>(black_box(&manager)))));
    let denied = nanoseconds(effort, || drop(black_box(permit::<kind::StockSet>(black_box(&manager)))));
    let held = permit::<kind::StockAdjust>(&manager).ok()?;
    let store = nanoseconds(effort, || {
        black_box(held.covers(black_box(stores[250])));
    });
    Some([everywhere, some, denied, store])
}
