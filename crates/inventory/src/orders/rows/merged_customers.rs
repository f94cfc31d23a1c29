//! Customers that are merged into those that lists are filtered by: their documents are listed,
//! too.

use entity::prelude::*;
use platform::storage::{Fault, Reads};
use uuid::Uuid;

use super::filter::{Filter, IdColumn};
use crate::catalog::rows::merge::merged_customers;

/// Returns the filter with the customers that are merged into its own; reads nothing if it has
/// none.
pub async fn include_merged_customers(reads: &impl Reads, filter: &Filter) -> Result<Filter, Fault> {
    let mut customer_ids = Vec::new();
    collect_customer_ids(filter, &mut customer_ids);
    let merged = load_merged(reads, &customer_ids).await?;
    Ok(if merged.is_empty() { filter.clone() } else { add_merged_customers(filter, &merged) })
}

/// Adds to each list the customers who are merged into those on it; one statement where there are any.
pub async fn add_merged(reads: &impl Reads, lists: Vec<&mut Vec<Uuid>>) -> Result<(), Fault> {
    let customer_ids: Vec<Uuid> = lists.iter().flat_map(|ids| ids.iter().copied()).collect();
    let merged = load_merged(reads, &customer_ids).await?;
    for ids in lists {
        *ids = extend_with_merged(ids, &merged);
    }
    Ok(())
}

async fn load_merged(reads: &impl Reads, ids: &[Uuid]) -> Result<Vec<(CustomerId, CustomerId)>, Fault> {
    let ids: Vec<CustomerId> = ids.iter().copied().map(CustomerId::from_uuid).collect();
    merged_customers(reads, &ids).await
}

fn collect_customer_ids(filter: &Filter, customer_ids: &mut Vec<Uuid>) {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts.iter().for_each(|part| collect_customer_ids(part, customer_ids)),
        Filter::Not(part) => collect_customer_ids(part, customer_ids),
        Filter::Ids(IdColumn::Customer, ids) => customer_ids.extend(ids),
        _ => {}
    }
}

fn add_merged_customers(filter: &Filter, merged: &[(CustomerId, CustomerId)]) -> Filter {
    let parts_with_merged = |parts: &[Filter]| parts.iter().map(|part| add_merged_customers(part, merged)).collect();
    match filter {
        Filter::All(parts) => Filter::All(parts_with_merged(parts)),
        Filter::Any(parts) => Filter::Any(parts_with_merged(parts)),
        Filter::Not(part) => Filter::Not(Box::new(add_merged_customers(part, merged))),
        Filter::Ids(IdColumn::Customer, ids) => Filter::Ids(IdColumn::Customer, extend_with_merged(ids, merged)),
        other => other.clone(),
    }
}

fn extend_with_merged(ids: &[Uuid], merged: &[(CustomerId, CustomerId)]) -> Vec<Uuid> {
    let of_these = merged.iter().filter(|(into, _)| ids.contains(&into.uuid()));
    ids.iter().copied().chain(of_these.map(|(_, member_id)| member_id.uuid())).collect()
}
