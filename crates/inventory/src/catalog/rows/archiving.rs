//! Uses that prevent archiving a category, a family, a supplier, a channel or a customer, and
//! restoring one of these or a store. The rooms that own the documents come later; the queries here
//! only count the open ones.

use entity::prelude::{CategoryId, ChannelId, CustomerId, FamilyId, ProductStatus, StoreId, SupplierId};
use platform::storage::{Fault, Reads as _, Row, Work, journal};
use sea_orm::Value;

use super::{
    customer::lock_for_update,
    small_tables::{by_id, locked},
};
use crate::catalog::core::{
    Rejection, RowUsage, Subject,
    archiving::{ArchivingContext, Step, in_use_rejection},
    category::CategoryRow,
    channel::{ChannelRow, DIRECT},
    customer::CustomerRow,
    family::FamilyRow,
    store::StoreRow,
    supplier::SupplierRow,
    text,
};

macro_rules! open_order {
    () => {
        "o.status IN ('DRAFT', 'PENDING_APPROVAL', 'APPROVED', 'REJECTED', 'ORDERED', 'PARTIALLY_RECEIVED')"
    };
}
/// Open purchase orders `o` with a supplier, the second parameter.
pub const OPEN_ORDERS: &str = concat!("purchase_order o WHERE o.tenant_id = $1 AND o.supplier_id = $2 AND ", open_order!());
/// Open purchase orders `o` with another supplier, once for each of their charges that this
/// supplier, the second parameter, bills.
pub const OPEN_ORDERS_BILLED: &str = concat!(
    "purchase_charge c JOIN purchase_order o ON o.tenant_id = $1 AND o.id = c.purchase_order_id AND o.supplier_id <> $2 AND ",
    open_order!(),
    " WHERE c.tenant_id = $1 AND c.supplier_id = $2"
);

/// Reads a category with the uses of it. The counter row is locked first, as by writers that move a
/// category below another: none is added below it meanwhile.
pub async fn category(work: &Work, id: CategoryId, step: Step) -> Result<ArchivingContext<CategoryRow>, Fault> {
    journal::hold(work).await?;
    let row = by_id::<entity::category::Entity, _>(work, id).await?;
    let hindrance = match step {
        Step::Archive => {
            let below = "SELECT count(*) FROM category c WHERE c.tenant_id = $1 AND c.parent_id = $2 AND c.archived_at IS NULL";
            let inside = "SELECT count(*) FROM product p WHERE p.tenant_id = $1 AND p.category_id = $2 AND p.status <> $3";
            let inside = count_rows(work, inside, vec![id.into(), ProductStatus::Archived.as_str().into()]).await?;
            in_use_rejection(&[
                (RowUsage::Categories, count_rows(work, below, vec![id.into()]).await?),
                (RowUsage::Products, inside),
            ])
        }
        Step::Restore => match row.as_ref().and_then(|row| row.parent_id) {
            Some(parent) => {
                let parent = by_id::<entity::category::Entity, _>(work, parent).await?;
                parent.and_then(|parent| parent.archived_at).map(|since| Rejection::InArchivedCategory { since })
            }
            None => None,
        },
    };
    Ok(ArchivingContext { row, hindrances: hindrance.into_iter().collect() })
}

/// Reads a family with its variants. Writers that add a product to it, or restore one in it, lock
/// its row too: none is added meanwhile.
pub async fn family(work: &Work, id: FamilyId, step: Step) -> Result<ArchivingContext<FamilyRow>, Fault> {
    let row = locked::<entity::product_family::Entity, _>(work, id).await?;
    if step == Step::Restore {
        return Ok(ArchivingContext { row, hindrances: Vec::new() });
    }
    let variants = "SELECT count(*) FROM product p WHERE p.tenant_id = $1 AND p.family_id = $2 AND p.status <> $3";
    let variants = count_rows(work, variants, vec![id.into(), ProductStatus::Archived.as_str().into()]).await?;
    let hindrance = in_use_rejection(&[(RowUsage::Products, variants)]);
    Ok(ArchivingContext { row, hindrances: hindrance.into_iter().collect() })
}

/// Reads a supplier with its open purchase orders, those of which it bills a charge, and blanket
/// orders. Its row is locked before the counter row, as by its other changes; while the counter row
/// is locked no order is written.
pub async fn supplier(work: &Work, id: SupplierId, step: Step) -> Result<ArchivingContext<SupplierRow>, Fault> {
    let row = locked::<entity::supplier::Entity, _>(work, id).await?;
    if step == Step::Restore {
        let into = row.as_ref().and_then(|row| row.merged_into);
        let merged = into.map(|into| Rejection::MergedInto { what: Subject::Supplier, into: into.to_string() });
        return Ok(ArchivingContext { row, hindrances: merged.into_iter().collect() });
    }
    journal::hold(work).await?;
    let open = format!("SELECT count(*) FROM {OPEN_ORDERS}");
    let billed = format!("SELECT count(DISTINCT o.id) FROM {OPEN_ORDERS_BILLED}");
    let blankets = "SELECT count(*) FROM blanket_order b WHERE b.tenant_id = $1 AND b.supplier_id = $2 AND b.status IN ('DRAFT', 'ACTIVE', 'EXHAUSTED')";
    let orders = count_rows(work, &open, vec![id.into()]).await? + count_rows(work, &billed, vec![id.into()]).await?;
    let blankets = count_rows(work, blankets, vec![id.into()]).await?;
    let hindrance = in_use_rejection(&[(RowUsage::OpenPurchaseOrders, orders), (RowUsage::OpenBlanketOrders, blankets)]);
    Ok(ArchivingContext { row, hindrances: hindrance.into_iter().collect() })
}

/// Reads a channel with its open orders and the rows that are bound to it.
pub async fn channel(work: &Work, id: ChannelId, step: Step) -> Result<ArchivingContext<ChannelRow>, Fault> {
    let row = locked::<entity::channel::Entity, _>(work, id).await?;
    if step == Step::Restore {
        return Ok(ArchivingContext { row, hindrances: Vec::new() });
    }
    journal::hold(work).await?;
    let direct = row.as_ref().is_some_and(|row| row.code_key == text::fold(DIRECT)).then_some(Rejection::DirectStays);
    // The condition on states is literally that of the index.
    let open = "SELECT count(*) FROM sales_order o WHERE o.tenant_id = $1 AND o.channel_id = $2
        AND o.status IN ('DRAFT', 'PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED')";
    let integrations_sql =
        "SELECT count(*) FROM integration i WHERE i.tenant_id = $1 AND i.channel_id = $2 AND i.disabled_at IS NULL";
    let open = count_rows(work, open, vec![id.into()]).await?;
    let referencing_uses = in_use_rejection(&[
        (RowUsage::OpenOrders, open),
        (RowUsage::Integrations, count_rows(work, integrations_sql, vec![id.into()]).await?),
    ]);
    Ok(ArchivingContext { row, hindrances: direct.into_iter().chain(referencing_uses).collect() })
}

/// Reads a customer with its open orders, and those of customers that are merged into it. A merged
/// customer cannot be archived or restored.
pub async fn customer(work: &Work, id: CustomerId, step: Step) -> Result<ArchivingContext<CustomerRow>, Fault> {
    let row = lock_for_update(work, &[id], &[]).await?.pop();
    if let Some(into) = row.as_ref().and_then(|row| row.merged_into) {
        let merged = Rejection::MergedInto { what: Subject::Customer, into: into.to_string() };
        return Ok(ArchivingContext { row, hindrances: vec![merged] });
    }
    if step == Step::Restore {
        return Ok(ArchivingContext { row, hindrances: Vec::new() });
    }
    journal::hold(work).await?;
    let open = "SELECT count(*) FROM sales_order o WHERE o.tenant_id = $1
        AND o.customer_id IS NOT NULL
        AND o.customer_id IN (SELECT c.id FROM customer c WHERE c.tenant_id = $1 AND (c.id = $2 OR c.merged_into = $2))
        AND o.status IN ('DRAFT', 'PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED')";
    let hindrance = in_use_rejection(&[(RowUsage::OpenOrders, count_rows(work, open, vec![id.into()]).await?)]);
    Ok(ArchivingContext { row, hindrances: hindrance.into_iter().collect() })
}

/// Reads a store to restore. Archiving stores has an engine of its own, which reads the uses that
/// prevent it.
pub async fn store(work: &Work, id: StoreId) -> Result<ArchivingContext<StoreRow>, Fault> {
    let row = locked::<entity::store::Entity, _>(work, id).await?;
    Ok(ArchivingContext { row, hindrances: Vec::new() })
}

async fn count_rows(work: &Work, sql: &str, values: Vec<Value>) -> Result<i64, Fault> {
    match work.rows(sql, values).await?.first() {
        Some(row) => Row::scalar(row),
        None => Ok(0),
    }
}
