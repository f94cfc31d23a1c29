//! Customers in exports; their contacts are included only for requesters who may see them.

use entity::prelude::*;
use inventory::catalog::rows::customer_list;
use platform::{
    paging::{Key, PageRequest},
    storage::{Fault, Reads},
};
use sea_orm::Value;

use super::export_page::{ExportScope, Page, PageKey};
use crate::exchange::core::{ExportOptions, cells::Item};

/// Customers that are read at once: each is decrypted separately.
const PAGE: u32 = 1_000;

pub async fn page(
    reads: &impl Reads,
    export_scope: &ExportScope,
    options: &ExportOptions,
    after: &PageKey,
) -> Result<Page, Fault> {
    let start_keys = match after.first() {
        Some(Value::Uuid(Some(id))) => Some(vec![Key::Id(*id)]),
        _ => None,
    };
    let request = PageRequest { limit: PAGE, backward: false, after: start_keys, before: None };
    let mut page_customers = customer_list::plain_page(reads, &request).await?.rows;
    let is_last = page_customers.len() <= PAGE as usize;
    page_customers.truncate(PAGE as usize);
    let next = page_customers.last().filter(|_| !is_last).map(|last| vec![last.id.into()]);
    let is_in_range = |at: Timestamp| {
        options.from.is_none_or(|from| at.micros() >= from) && options.before.is_none_or(|before| at.micros() < before)
    };
    page_customers.retain(|one| is_in_range(one.updated_at));
    let mut contacts = Vec::new();
    let rows = page_customers.into_iter().map(|one| {
        let email = if export_scope.sees_contacts { one.email.into() } else { Item::Hidden };
        contacts.extend(matches!(email, Item::Text(_)).then_some(one.id));
        vec![Item::from(one.external_ref), one.name.into(), one.country.into(), email]
    });
    let rows = rows.collect();
    Ok(Page { rows, next, contacts })
}
