//! Movements of documents that a filter names by their numbers: `reference: { key: ["SO-000007"] }` becomes IDs before the rest of it is read.

use async_graphql::{Context, ID};
use platform::path;
use services::scan::{
    core::{self, Kind, Names},
    rows::{self, Found},
};

use super::movement_filter::MovementFilter;
use crate::{
    graphql::{
        fault::{Answer, TopError},
        filters::IdFilter,
    },
    keyed_filters::below,
    numbering,
    scan::{allowed, node_id, node_of},
};

/// Numbers that a whole filter takes: each is looked up, and each document that has it.
const MOST_NUMBERS: usize = 20;

/// Kinds of documents that movements belong to.
const KINDS: [Kind; 6] = [Kind::Order, Kind::PurchaseOrder, Kind::Transfer, Kind::Stocktake, Kind::Return, Kind::SupplierReturn];

/// The filter of the argument `filter` with IDs in the place of numbers: those of documents that the caller sees, as a movement shows no others. A number
/// that names none is left out, so that numbers without one match nothing.
pub async fn by_documents(ctx: &Context<'_>, filter: Option<MovementFilter>) -> Answer<Option<MovementFilter>> {
    let Some(mut filter) = filter else { return Ok(None) };
    put_documents(ctx, &mut filter).await?;
    Ok(Some(filter))
}

async fn put_documents(ctx: &Context<'_>, filter: &mut MovementFilter) -> Answer<()> {
    let mut found = Vec::new();
    numbered(filter, &["filter".to_owned()], &mut found);
    let numbers: usize = found.iter().map(|(test, _)| test.key.as_ref().map_or(0, Vec::len)).sum();
    if numbers > MOST_NUMBERS {
        return Err(TopError::limit_exceeded(format!("at most {MOST_NUMBERS} numbers of documents are taken"), path!["filter"]));
    }
    for (test, at) in found {
        if test.eq.is_some() || test.one_of.is_some() {
            return Err(TopError::bad_input("key is not taken beside eq and in", below(&at, &["key"])));
        }
        let numbers = test.key.take().unwrap_or_default();
        test.one_of = Some(Box::pin(documents(ctx, &numbers)).await?);
    }
    Ok(())
}

/// Adds the references of the filter that are named by numbers, and those of the filters inside it, with their places.
fn numbered<'a>(filter: &'a mut MovementFilter, at: &[String], found: &mut Vec<(&'a mut IdFilter, Vec<String>)>) {
    if let Some(test) = filter.reference.as_mut().filter(|test| test.key.is_some()) {
        found.push((test, below(at, &["reference"])));
    }
    for (name, parts) in [("and", &mut filter.and), ("or", &mut filter.or)] {
        for (index, part) in parts.iter_mut().flatten().enumerate() {
            numbered(part, &below(at, &[name, index.to_string().as_str()]), found);
        }
    }
    if let Some(part) = &mut filter.not {
        numbered(part, &below(at, &["not"]), found);
    }
}

/// The documents that have one of these numbers, as far as the caller sees them.
async fn documents(ctx: &Context<'_>, numbers: &[String]) -> Answer<Vec<ID>> {
    let (mut kinds, mut scope) = (Vec::new(), None);
    for kind in KINDS {
        match allowed(ctx, kind) {
            Ok((of, _)) => {
                kinds.push(kind);
                scope = Some(of);
            }
            Err(TopError::Forbidden(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let (Some(scope), false) = (scope, numbers.is_empty()) else { return Ok(Vec::new()) };
    let patterns = numbering::patterns(ctx).await?;
    let mut ids = Vec::new();
    for number in numbers {
        let names = Names { number: core::numbered(number, &patterns), ..Names::default() };
        for Found { kind, id, .. } in Box::pin(rows::matches(&scope, &names, &kinds)).await?.found {
            if Box::pin(node_of(ctx, kind, id)).await?.is_some() {
                ids.push(ID(node_id(kind, id)));
            }
        }
    }
    Ok(ids)
}
