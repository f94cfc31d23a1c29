//! A caller with access to one store.

use entrepot::access::{Caller, Class, PermissionSet, REGISTRY, Reach};

use crate::authorization::world::Company;

/// The owner, with permissions limited to the depot where they can be.
pub fn of_the_depot(company: &Company) -> Caller {
    let mut permissions = PermissionSet::default();
    for (index, known) in REGISTRY.iter().enumerate() {
        match known.class {
            Class::Tenant => permissions.insert(index),
            Class::Store => permissions.grant(index, &Reach::stores([company.depot.parse().unwrap()])),
        }
    }
    Caller { permissions, ..company.owner.clone() }
}
