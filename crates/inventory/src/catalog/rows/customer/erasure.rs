//! Erasure of forgotten customers' data in other tables: custom data, attachments, and the
//! personal data of their orders.

use entity::prelude::*;
use platform::storage::{Fault, Reads, Work, journal};
use uuid::Uuid;

/// Removes custom data and attachments of customers; the cleanup job removes the files in its next round.
pub(super) async fn delete_related_data(work: &Work, ids: &[Uuid]) -> Result<(), Fault> {
    if ids.is_empty() {
        return Ok(());
    }
    let backend = work.backend();
    let owner_condition = format!("tenant_id = $1 AND {} AND target_kind = 'cus'", backend.in_ids("target_id", 2));
    let ids = || vec![backend.ids(ids.iter().map(|id| CustomerId::from_uuid(*id)))];
    let sql = format!(
        "UPDATE file SET name = 'erased', expires_at = created_at WHERE tenant_id = $1 AND id IN (SELECT file_id FROM attachment WHERE {owner_condition})"
    );
    work.execute(&sql, ids()).await?;
    work.execute(&format!("DELETE FROM attachment WHERE {owner_condition}"), ids()).await?;
    work.execute(&format!("DELETE FROM node_tags WHERE {owner_condition}"), ids()).await.map(drop)
}

/// Erases contacts and shipping addresses of these customers' orders. The room that owns those tables is above this one; the statements use the
/// orders' keys alone. The counter row is locked, so no edit of the orders is under way that could write the old values back.
pub(super) async fn erase_order_contacts(work: &Work, customers: &[CustomerId]) -> Result<(), Fault> {
    if customers.is_empty() {
        return Ok(());
    }
    journal::hold(work).await?;
    let backend = work.backend();
    let order_ids = format!(
        "SELECT o.id FROM sales_order o WHERE o.tenant_id = $1 AND o.customer_id IS NOT NULL AND {}",
        backend.in_ids("o.customer_id", 2)
    );
    let ids = || vec![backend.ids(customers.iter().copied())];
    for keys in ["subject", "subject_history"] {
        work.execute(&format!("DELETE FROM {keys} WHERE tenant_id = $1 AND id IN ({order_ids})"), ids()).await?;
    }
    let sql = format!(
        "UPDATE order_detail SET personal = NULL WHERE tenant_id = $1 AND personal IS NOT NULL AND order_id IN ({order_ids})"
    );
    work.execute(&sql, ids()).await?;
    // Numbers and amounts of invoices stay; the recipient is lost with the key.
    let invoices = format!("SELECT i.id FROM invoice i WHERE i.tenant_id = $1 AND i.order_id IN ({order_ids})");
    work.execute(&format!("DELETE FROM subject WHERE tenant_id = $1 AND id IN ({invoices})"), ids()).await?;
    let sql =
        format!("UPDATE invoice SET personal = NULL WHERE tenant_id = $1 AND personal IS NOT NULL AND order_id IN ({order_ids})");
    work.execute(&sql, ids()).await?;
    // Papers of these orders are rendered again on request: the cleanup job removes their files in its next round.
    let paper_files = |file: &str| format!("SELECT p.{file} FROM paper p WHERE p.tenant_id = $1 AND p.order_id IN ({order_ids})");
    let sql = format!(
        "UPDATE file SET expires_at = created_at WHERE tenant_id = $1 AND state = 'READY' AND id IN ({} UNION ALL {} AND p.pdf_file_id IS NOT NULL)",
        paper_files("html_file_id"),
        paper_files("pdf_file_id")
    );
    work.execute(&sql, ids()).await?;
    Ok(())
}
