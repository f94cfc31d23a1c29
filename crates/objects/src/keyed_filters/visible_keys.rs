//! Documents that filters name by their numbers, and members by their e-mail addresses. Only those
//! that the caller may see are found: the number of another one is treated as unknown.

use async_graphql::{Context, ID};
use inventory::catalog::core::text;
use services::scan::{
    core::{self, InvoiceNumber, Kind, Names, WorkNumber},
    rows::{self, MatchedRow},
};

use super::path::below;
use crate::{
    graphql::{
        fault::{Answer, TopError},
        filters::IdFilter,
    },
    identity::members_addressed,
    numbering,
    scan::{node_id, node_of, permitted_scope},
};

/// Maximum numbers in a whole filter: each is looked up, with each document that has it.
const MAX_NUMBERS: usize = 20;
/// Kinds of documents that move goods.
pub const OF_GOODS: [Kind; 6] =
    [Kind::Order, Kind::PurchaseOrder, Kind::Transfer, Kind::Stocktake, Kind::Return, Kind::SupplierReturn];

/// A kind of object whose keys are looked up among those that the caller may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeenKind {
    OrderNumber,
    PurchaseOrderNumber,
    BlanketOrderNumber,
    /// The number of a document that moves goods.
    GoodsNumber,
    MemberEmail,
}

impl SeenKind {
    /// The kinds of documents that a number may be of; none for an address.
    const fn documents(self) -> &'static [Kind] {
        match self {
            Self::OrderNumber => &[Kind::Order],
            Self::PurchaseOrderNumber => &[Kind::PurchaseOrder],
            Self::BlanketOrderNumber => &[Kind::BlanketOrder],
            Self::GoodsNumber => &OF_GOODS,
            Self::MemberEmail => &[],
        }
    }
}

/// A test with keys of such a kind, and its place.
pub struct SeenTest<'a> {
    pub kind: SeenKind,
    pub test: &'a mut IdFilter,
    pub at: Vec<String>,
}

/// Replaces keys by IDs. A caller who may not read the kind of object at all is refused; if a
/// number may be of several kinds, those that the caller may read count.
pub async fn replace_keys_with_ids(ctx: &Context<'_>, found: Vec<SeenTest<'_>>, argument: &str) -> Answer<()> {
    let numbered = found.iter().filter(|one| !one.kind.documents().is_empty());
    check_number_limit(numbered.map(|one| &*one.test), argument)?;
    for SeenTest { kind, test, at } in found {
        let keys = taken(test, &at)?;
        let lacking = |denied: TopError| denied.at(below(&at, &["key"]));
        test.one_of = Some(match kind.documents() {
            [] => members_addressed(ctx, &keys).await.map_err(lacking)?,
            [document] => {
                permitted_scope(ctx, *document).map_err(lacking)?;
                documents(ctx, &keys, &[*document]).await?
            }
            several => documents(ctx, &keys, several).await?,
        });
    }
    Ok(())
}

/// Refuses more numbers than a filter takes.
pub fn check_number_limit<'a>(tests: impl Iterator<Item = &'a IdFilter>, argument: &str) -> Answer<()> {
    let numbers: usize = tests.map(|test| test.key.as_ref().map_or(0, Vec::len)).sum();
    if numbers > MAX_NUMBERS {
        let message = format!("at most {MAX_NUMBERS} numbers of documents are taken");
        return Err(TopError::limit_exceeded(message, vec![argument.to_owned()]));
    }
    Ok(())
}

/// Takes the keys of a test at a path; IDs beside them are refused.
pub fn taken(test: &mut IdFilter, at: &[String]) -> Answer<Vec<String>> {
    if test.eq.is_some() || test.one_of.is_some() {
        return Err(TopError::bad_input("key is not taken beside eq and in", below(at, &["key"])));
    }
    Ok(test.key.take().unwrap_or_default())
}

/// The documents of these kinds with one of these numbers that the caller sees.
pub async fn documents(ctx: &Context<'_>, numbers: &[String], of: &[Kind]) -> Answer<Vec<ID>> {
    let (mut sought, mut scope) = (Vec::new(), None);
    for kind in of {
        match permitted_scope(ctx, *kind) {
            Ok((own, visible)) => {
                sought.push(visible);
                scope = Some(own);
            }
            Err(TopError::Forbidden(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let (Some(scope), false) = (scope, numbers.is_empty()) else { return Ok(Vec::new()) };
    let patterns = numbering::patterns(ctx).await?;
    let mut ids = Vec::new();
    // Postgres refuses a text with a NUL character; no number has one.
    for number in numbers.iter().filter(|number| !number.contains('\0') && number.len() <= core::MAX_BYTES) {
        let names = Names {
            number: core::numbered(number, &patterns),
            // Digits alone match invoices that are printed without a prefix, of any legal entity.
            invoice: InvoiceNumber::parse(number).filter(|number| number.label.is_some()),
            label: Some(text::kept(number.trim())),
            work: WorkNumber::parse(number, &patterns),
            ..Names::default()
        };
        for MatchedRow { kind, id, .. } in Box::pin(rows::matches(&scope, &names, &sought)).await?.found {
            if Box::pin(node_of(ctx, kind, id)).await?.is_some() {
                ids.push(ID(node_id(kind, id)));
            }
        }
    }
    Ok(ids)
}
