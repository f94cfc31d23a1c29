//! Kits that products are parts of.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::kit_component,
};
use platform::storage::{Fault, Finds, Reads};

/// A kit that is sold, and the smallest units of a product in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
#[record(of = kit_component, alias = "k")]
pub struct ComponentUse {
    pub component_id: ProductId,
    pub kit_id: ProductId,
    pub quantity: Quantity,
}

/// The active kits that these products are part of, by what they are made of today.
pub async fn components_in_kits(reads: &impl Reads, components: &[ProductId]) -> Result<Vec<ComponentUse>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM kit_component k JOIN product p ON p.tenant_id = $1 AND p.id = k.kit_id AND p.status = 'ACTIVE'
         WHERE k.tenant_id = $1 AND {} ORDER BY k.component_id, k.kit_id",
        ComponentUse::SELECT,
        backend.in_ids("k.component_id", 2)
    );
    reads.records(&sql, vec![backend.ids(components.iter().copied())]).await
}
