//! What a check of rights costs: printed in nanoseconds, the best of many runs. `bench/rights.sh` calls it.

use std::{hint::black_box, time::Instant};

use entity::prelude::{Actor, MemberId, StoreId, TenantId};
use entrepot::access::{Caller, Permission, PermissionSet, Reach, kind, permit};
use uuid::Uuid;

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the time")]
fn nanoseconds(mut call: impl FnMut()) -> f64 {
    const CALLS: u32 = 200_000;
    let run = |_| {
        let begun = Instant::now();
        for _ in 0..CALLS {
            call();
        }
        begun.elapsed().as_nanos() as f64 / f64::from(CALLS)
    };
    (0..25).map(run).fold(f64::INFINITY, f64::min)
}

fn main() {
    let stores: Vec<StoreId> = (0..500).map(|n| StoreId::from_uuid(Uuid::from_u128(n))).collect();
    let mut limited = PermissionSet::default();
    limited.grant(kind::StockAdjust::INDEX, &Reach::stores(stores.iter().copied()));
    let of = |permissions| Caller::new(TenantId::NIL, Actor::member(MemberId::NIL), permissions);
    let (owner, manager) = (of(PermissionSet::all()), of(limited));
    let everywhere = nanoseconds(|| drop(black_box(permit::<kind::StockAdjust>(black_box(&owner)))));
    let some = nanoseconds(|| drop(black_box(permit::<kind::StockAdjust>(black_box(&manager)))));
    let denied = nanoseconds(|| drop(black_box(permit::<kind::StockSet>(black_box(&manager)))));
    let Ok(held) = permit::<kind::StockAdjust>(&manager) else { return };
    let store = nanoseconds(|| {
        black_box(held.covers(black_box(stores[250])));
    });
    println!(
        "a permit: {everywhere:.0} ns for all stores, {some:.0} ns for 500 stores, {denied:.0} ns denied; which store: {store:.0} ns (owed 100)"
    );
}
