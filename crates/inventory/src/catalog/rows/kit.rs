//! Kits and what they are made of.

use std::collections::HashMap;

use entity::prelude::ProductId;
use platform::storage::{Bulk, Column, ColumnKind, Fault, Reads, Row, Work};

use super::{product, uses};
use crate::catalog::core::{
    Use,
    kit::{Component, KitCommand, KitContext, KitDoc},
};

/// What these kits are made of, each in its order.
pub async fn components_of(
    reads: &impl Reads,
    kits: impl IntoIterator<Item = ProductId>,
) -> Result<HashMap<ProductId, Vec<Component>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT kit_id, component_id, quantity FROM kit_component WHERE tenant_id = $1 AND {} ORDER BY kit_id, position",
        backend.in_ids("kit_id", 2)
    );
    let mut found: HashMap<ProductId, Vec<Component>> = HashMap::new();
    for row in &reads.rows(&sql, vec![backend.ids(kits)]).await? {
        let mut row = Row::new(row);
        found.entry(row.take()?).or_default().push(Component { product: row.take()?, quantity: row.take()? });
    }
    Ok(found)
}

/// The kits that these products are part of, by SKU.
pub async fn kits_with(
    reads: &impl Reads,
    components: impl IntoIterator<Item = ProductId>,
) -> Result<HashMap<ProductId, Vec<ProductId>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT k.component_id, k.kit_id FROM kit_component k JOIN product p ON p.tenant_id = $1 AND p.id = k.kit_id
         WHERE k.tenant_id = $1 AND {} ORDER BY k.component_id, p.sku_key",
        backend.in_ids("k.component_id", 2)
    );
    let mut found: HashMap<ProductId, Vec<ProductId>> = HashMap::new();
    for row in &reads.rows(&sql, vec![backend.ids(components)]).await? {
        let mut row = Row::new(row);
        found.entry(row.take()?).or_default().push(row.take()?);
    }
    Ok(found)
}

/// Locks the product and what it is to be made of, in the order of their ids, and reads what ties it.
pub async fn context(work: &Work, commands: &[KitCommand]) -> Result<KitContext, Fault> {
    let mut context = KitContext::default();
    for command in commands {
        let Some(id) = command.target.id() else { continue };
        let backend = work.backend();
        let sql = format!(
            "SELECT {} FROM product p WHERE p.tenant_id = $1 AND {} ORDER BY p.id{}",
            product::COLUMNS,
            backend.in_ids("p.id", 2),
            backend.for_change("p")
        );
        let wanted = command.components.iter().map(|part| part.product).chain([id]);
        let rows = work.rows(&sql, vec![backend.ids(wanted)]).await?;
        context.parts = rows.iter().map(product::read).map(|row| row.map(|row| (row.id, row))).collect::<Result<_, _>>()?;
        let components = components_of(work, [id]).await?.remove(&id).unwrap_or_default();
        context.kit = context.parts.get(&id).map(|row| KitDoc { row: row.clone(), components });
        let uses = uses::of(work, uses::Tied::Product, &[id]).await?;
        context.uses = uses.into_values().flatten().filter(|tie| *tie != Use::Movements).collect();
    }
    Ok(context)
}

pub async fn find(reads: &impl Reads, ids: Vec<ProductId>) -> Result<Vec<KitDoc>, Fault> {
    let mut components = components_of(reads, ids.iter().copied()).await?;
    let rows = product::by_ids(reads, ids).await?;
    Ok(rows.into_iter().map(|row| KitDoc { components: components.remove(&row.id).unwrap_or_default(), row }).collect())
}

const COMPONENT: &[Column] = &[
    Column("tenant_id", ColumnKind::Id),
    Column("kit_id", ColumnKind::Id),
    Column("component_id", ColumnKind::Id),
    Column("position", ColumnKind::Small),
    Column("quantity", ColumnKind::Int),
];

/// Writes all that kits are made of anew.
pub async fn write(work: &Work, kits: &[&KitDoc]) -> Result<(), Fault> {
    let mut rows = Bulk::insert("kit_component", COMPONENT);
    for kit in kits {
        let row = &kit.row;
        work.execute("DELETE FROM kit_component WHERE tenant_id = $1 AND kit_id = $2", vec![row.id.into()]).await?;
        work.execute(
            "UPDATE product SET is_kit = $3, stock_policy = $4, version = $5, updated_at = $6 WHERE tenant_id = $1 AND id = $2",
            vec![
                row.id.into(),
                i32::from(row.is_kit).into(),
                row.stock_policy.as_str().into(),
                row.version.into(),
                row.updated_at.micros().into(),
            ],
        )
        .await?;
        for (part, position) in kit.components.iter().zip(1_i32..) {
            let tenant = work.tenant().into();
            rows.row([tenant, row.id.into(), part.product.into(), position.into(), part.quantity.into()]);
        }
    }
    work.write(rows).await
}
