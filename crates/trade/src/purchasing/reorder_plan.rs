//! Suggestions of reorders: their arguments, the whole list, and its pages.

use std::{collections::HashSet, sync::Arc};

use async_graphql::Context;
use entity::prelude::StoreId;
use iam::access::kind;
use inventory::{
    ledger::Ledger,
    purchasing::{
        core::{Kind, Plan, Suggestion},
        rows::Names,
        shell::{self, ReorderSuggestionQuery},
    },
};
use platform::{
    paging::{CursorSigner, Key},
    path,
    storage::TenantScope,
};

use super::{
    links::{MAX_PAGE_SIZE, StoreRef, SupplierRef},
    reorder::ReorderSuggestion,
    supply_inputs::{store_name, supplier_of},
};
use crate::{
    catalog::{ProductFilter, product_ids_within},
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        reading::InputErrors,
    },
};

/// The kind of cursors of the list.
const SUGGESTION_LIST: &str = "reorderSuggestions";

crate::connection!(counted ReorderSuggestionConnection, ReorderSuggestionEdge, ReorderSuggestion, "suggestions to transfer or buy goods");

/// An argument that has a range.
pub(super) fn parse_in_range(value: i32, min: i32, max: i32, name: &str) -> Answer<u16> {
    let checked = (min..=max).contains(&value).then(|| u16::try_from(value).ok()).flatten();
    checked.ok_or_else(|| TopError::bad_input(format!("{name} must lie between {min} and {max}"), path![name]))
}

/// The figures of a plan.
pub(super) fn build_plan(days: i32, cover_days: i32, service_level: f64, lead_days: i32) -> Answer<Plan> {
    if !(0.0..=0.9999).contains(&service_level) {
        return Err(TopError::bad_input("serviceLevel must lie between 0 and 0.9999", path!["serviceLevel"]));
    }
    Ok(Plan {
        days: parse_in_range(days, 1, 365, "days")?,
        cover_days: parse_in_range(cover_days, 0, 365, "coverDays")?,
        service_level,
        lead_days: parse_in_range(lead_days, 0, 365, "leadDays")?,
    })
}

/// Filter of suggestions; a field that is None does not filter.
#[derive(Default)]
pub(super) struct SuggestionFilter {
    pub stores: Option<Vec<StoreRef>>,
    pub supplier: Option<SupplierRef>,
    pub product: Option<ProductFilter>,
}

/// All suggestions, the most urgent of each product first.
pub(super) async fn load_suggestions(ctx: &Context<'_>, input: SuggestionFilter, plan: Plan) -> Answer<Vec<ReorderSuggestion>> {
    let SuggestionFilter { stores, supplier, product } = input;
    let (permit, ledger) = (ctx.permit::<kind::PurchaseRead>()?, ctx.required_data::<Ledger>()?);
    let scope = permit.scope(ledger.database());
    let stores = match stores {
        Some(stores) => Some(stores_of(&scope, stores).await?),
        None => None,
    };
    let supplier = match supplier {
        // A supplier that does not exist has no suggestions.
        Some(supplier_ref) => match supplier_of(&scope, supplier_ref).await? {
            Some(supplier) => Some(supplier),
            None => return Ok(Vec::new()),
        },
        None => None,
    };
    let products = product_ids_within(ctx, product, None).await?;
    let products: Option<HashSet<_>> = products.map(|ids| ids.into_iter().collect());
    let query = ReorderSuggestionQuery { stores, supplier, plan, now: ledger.clock().now() };
    let mut inputs = shell::suggestions(ledger.database(), &permit, &query).await?;
    inputs.retain(|(input, _)| products.as_ref().is_none_or(|products| products.contains(&input.product)));
    let each = inputs.into_iter().flat_map(|(input, rows)| {
        let input = Arc::new(input);
        rows.into_iter().map(move |row| ReorderSuggestion { input: input.clone(), row })
    });
    Ok(each.collect())
}

/// Returns the identity of a suggestion, which stays when quantities change between two pages: the
/// product, the store, and the source of the goods; purchases sort last.
fn suggestion_keys(suggestion: &ReorderSuggestion) -> Vec<Key> {
    let Suggestion { store, kind, .. } = suggestion.row;
    let (kind_rank, from) = match kind {
        Kind::Transfer { from } => (0, from),
        Kind::Purchase => (1, StoreId::NIL),
    };
    vec![Key::from(suggestion.input.product), Key::from(store), Key::Int(kind_rank), Key::from(from)]
}

/// A page of the suggestions in the order of their keys, and how many there are.
pub(super) async fn suggestions_page(
    ctx: &Context<'_>,
    filter: SuggestionFilter,
    plan: Plan,
    args: &PageArgs,
) -> Answer<ReorderSuggestionConnection> {
    let signer = ctx.required_data::<CursorSigner>()?;
    let request = args.check(SUGGESTION_LIST, signer, MAX_PAGE_SIZE)?;
    let with_keys = |suggestion: ReorderSuggestion| {
        let keys = suggestion_keys(&suggestion);
        (suggestion, keys)
    };
    let nodes = load_suggestions(ctx, filter, plan).await?.into_iter().map(with_keys).collect();
    Ok(Page::of_all(nodes, &request, SUGGESTION_LIST, signer).into())
}

/// The stores of an argument; unknown ones have no suggestions.
async fn stores_of(scope: &TenantScope, stores: Vec<StoreRef>) -> Answer<Vec<StoreId>> {
    let (mut reader, mut names) = (InputErrors::default(), Names::default());
    let place_names: Vec<_> = stores.into_iter().map(|store| store_name(&mut reader, store, || path!["stores"])).collect();
    if reader.end(()).is_err() {
        return Err(TopError::bad_input("ids of stores are expected", path!["stores"]));
    }
    names.stores(scope, &place_names).await?;
    Ok(place_names.iter().filter_map(|name| names.store(name)).collect())
}
