//! Kits and their components.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{self, kit_component},
};
use platform::storage::{Fault, Finds, Reads, Rows, Work};

use super::{
    product::{self, CatalogProductRow},
    uses,
};
use crate::catalog::core::{
    RowUsage,
    kit::{Component, KitCommand, KitContext, KitDoc},
};

#[derive(Record)]
#[record(of = kit_component, alias = "")]
struct ComponentRow {
    kit_id: ProductId,
    component_id: ProductId,
    quantity: Quantity,
}

#[derive(Record)]
#[record(of = kit_component, alias = "k")]
struct KitOfComponentRow {
    component_id: ProductId,
    kit_id: ProductId,
}

#[derive(Record)]
#[record(of = kit_component)]
struct NewComponent {
    kit_id: ProductId,
    component_id: ProductId,
    position: i32,
    quantity: Quantity,
}

/// Columns of a product that writing its components changes.
#[derive(Record)]
#[record(of = tables::product)]
struct ChangedKit {
    id: ProductId,
    stock_policy: StockPolicy,
    version: i64,
    updated_at: Timestamp,
    is_kit: i32,
}

/// Reads the components of these kits, each kit's in their order.
pub async fn components_of(
    reads: &impl Reads,
    kits: impl IntoIterator<Item = ProductId>,
) -> Result<HashMap<ProductId, Vec<Component>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM kit_component WHERE tenant_id = $1 AND {} ORDER BY kit_id, position",
        ComponentRow::SELECT,
        backend.in_ids("kit_id", 2)
    );
    let mut components_by_kit: HashMap<ProductId, Vec<Component>> = HashMap::new();
    for ComponentRow { kit_id, component_id, quantity } in reads.records(&sql, vec![backend.ids(kits)]).await? {
        components_by_kit.entry(kit_id).or_default().push(Component { product: component_id, quantity: quantity.get() });
    }
    Ok(components_by_kit)
}

/// The kits that these products are part of, by SKU.
pub async fn kits_of_components(
    reads: &impl Reads,
    components: impl IntoIterator<Item = ProductId>,
) -> Result<HashMap<ProductId, Vec<ProductId>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM kit_component k JOIN product p ON p.tenant_id = $1 AND p.id = k.kit_id
         WHERE k.tenant_id = $1 AND {} ORDER BY k.component_id, p.sku_key",
        KitOfComponentRow::SELECT,
        backend.in_ids("k.component_id", 2)
    );
    let mut kits_by_component: HashMap<ProductId, Vec<ProductId>> = HashMap::new();
    for KitOfComponentRow { component_id, kit_id } in reads.records(&sql, vec![backend.ids(components)]).await? {
        kits_by_component.entry(component_id).or_default().push(kit_id);
    }
    Ok(kits_by_component)
}

/// Locks the products and their components-to-be, in the order of their IDs, and reads the uses
/// that restrict them.
pub async fn context(work: &Work, commands: &[KitCommand]) -> Result<KitContext, Fault> {
    let mut context = KitContext::default();
    for command in commands {
        let Some(id) = command.target.id() else { continue };
        let backend = work.backend();
        let sql = format!(
            "SELECT {} FROM product p WHERE p.tenant_id = $1 AND {} ORDER BY p.id{}",
            CatalogProductRow::SELECT,
            backend.in_ids("p.id", 2),
            backend.for_change("p")
        );
        let product_ids = command.listed.iter().map(|(_, product)| *product).chain([id]);
        let rows = product::select_products(work, &sql, vec![backend.ids(product_ids)]).await?;
        context.parts = rows.into_iter().map(|row| (row.id, row)).collect();
        let components = components_of(work, [id]).await?.remove(&id).unwrap_or_default();
        context.kit = context.parts.get(&id).map(|row| KitDoc { row: row.clone(), components });
        let uses = uses::of(work, uses::UsedColumn::Product, &[id]).await?;
        context.uses = uses.into_values().flatten().filter(|usage| *usage != RowUsage::Movements).collect();
    }
    Ok(context)
}

pub async fn find(reads: &impl Reads, ids: Vec<ProductId>) -> Result<Vec<KitDoc>, Fault> {
    let mut components = components_of(reads, ids.iter().copied()).await?;
    let rows = product::by_ids(reads, ids).await?;
    Ok(rows.into_iter().map(|row| KitDoc { components: components.remove(&row.id).unwrap_or_default(), row }).collect())
}

/// Replaces all components of the kits.
pub async fn write(work: &Work, kits: &[&KitDoc]) -> Result<(), Fault> {
    let mut rows = Rows::<NewComponent>::insert(work.tenant());
    for kit in kits {
        let row = &kit.row;
        work.execute("DELETE FROM kit_component WHERE tenant_id = $1 AND kit_id = $2", vec![row.id.into()]).await?;
        let changed_kit = ChangedKit {
            id: row.id,
            stock_policy: row.stock_policy,
            version: row.version,
            updated_at: row.updated_at,
            is_kit: i32::from(row.is_kit),
        };
        work.update_row(changed_kit).await?;
        for (part, position) in kit.components.iter().zip(1_i32..) {
            let quantity = Quantity::new(part.quantity).ok_or(Fault::TooLarge)?;
            rows.push(NewComponent { kit_id: row.id, component_id: part.product, position, quantity });
        }
    }
    work.write(rows.into()).await
}
