//! Somebody of one store.

use entrepot::access::{Caller, Class, PermissionSet, REGISTRY, Reach};

use crate::authorization::world::House;

/// The owner, whose permissions are for the depot alone where there are such.
pub fn of_the_depot(house: &House) -> Caller {
    let mut permissions = PermissionSet::default();
    for (index, known) in REGISTRY.iter().enumerate() {
        match known.class {
            Class::Tenant => permissions.insert(index),
            Class::Store => permissions.grant(index, &Reach::stores([house.depot.parse().unwrap()])),
        }
    }
    Caller { permissions, ..house.owner.clone() }
}
