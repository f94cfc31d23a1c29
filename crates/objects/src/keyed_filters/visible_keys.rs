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
    identity::find_member_ids_by_email,
    numbering,
    scan::{node_id, node_of, permitted_scope},
};

/// Maximum numbers in a whole filter: each is looked up, with each document that has it.
const MAX_NUMBERS: usize = 20;
/// Kinds of documents that move goods.
pub const GOODS_DOCUMENT_KINDS: [Kind; 6] =
    [Kind::Order, Kind::PurchaseOrder, Kind::Transfer, Kind::Stocktake, Kind::Return, Kind::SupplierReturn];

/// A kind of object whose keys are looked up among those that the caller may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VisibleKeyKind {
    OrderNumber,
    PurchaseOrderNumber,
    BlanketOrderNumber,
    /// The number of a document that moves goods.
    GoodsNumber,
    MemberEmail,
}

impl VisibleKeyKind {
    /// The kinds of documents that a number may be of; none for an address.
    const fn documents(self) -> &'static [Kind] {
        match self {
            Self::OrderNumber => &[Kind::Order],
            Self::PurchaseOrderNumber => &[Kind::PurchaseOrder],
            Self::BlanketOrderNumber => &[Kind::BlanketOrder],
            Self::GoodsNumber => &GOODS_DOCUMENT_KINDS,
            Self::MemberEmail => &[],
        }
    }
}

/// A test with keys of such a kind, and its place.
pub struct VisibleKeyTest<'a> {
    pub kind: VisibleKeyKind,
    pub test: &'a mut IdFilter,
    pub at: Vec<String>,
}

/// Replaces keys by IDs. A caller who may not read the kind of object at all is refused; if a
/// number may be of several kinds, those that the caller may read count.
pub async fn replace_keys_with_ids(ctx: &Context<'_>, seen_tests: Vec<VisibleKeyTest<'_>>, argument: &str) -> Answer<()> {
    let number_tests = seen_tests.iter().filter(|seen_test| !seen_test.kind.documents().is_empty());
    check_number_limit(number_tests.map(|seen_test| &*seen_test.test), argument)?;
    for VisibleKeyTest { kind, test, at } in seen_tests {
        let keys = take_keys(test, &at)?;
        let with_path = |error: TopError| error.at(below(&at, &["key"]));
        test.one_of = Some(match kind.documents() {
            [] => find_member_ids_by_email(ctx, &keys).await.map_err(with_path)?,
            [document] => {
                permitted_scope(ctx, *document).map_err(with_path)?;
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
pub fn take_keys(test: &mut IdFilter, at: &[String]) -> Answer<Vec<String>> {
    if test.eq.is_some() || test.one_of.is_some() {
        return Err(TopError::bad_input("key is not taken beside eq and in", below(at, &["key"])));
    }
    Ok(test.key.take().unwrap_or_default())
}

/// The documents of these kinds with one of these numbers that the caller sees.
pub async fn documents(ctx: &Context<'_>, numbers: &[String], kinds: &[Kind]) -> Answer<Vec<ID>> {
    let (mut visible_kinds, mut scope) = (Vec::new(), None);
    for kind in kinds {
        match permitted_scope(ctx, *kind) {
            Ok((kind_scope, visible)) => {
                visible_kinds.push(visible);
                scope = Some(kind_scope);
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
            number: core::parse_number(number, &patterns),
            // Digits alone match invoices that are printed without a prefix, of any legal entity.
            invoice: InvoiceNumber::parse(number).filter(|number| number.label.is_some()),
            label: Some(text::normal_form(number.trim())),
            work: WorkNumber::parse(number, &patterns),
            ..Names::default()
        };
        for MatchedRow { kind, id, .. } in Box::pin(rows::find_matches(&scope, &names, &visible_kinds)).await?.found {
            if Box::pin(node_of(ctx, kind, id)).await?.is_some() {
                ids.push(ID(node_id(kind, id)));
            }
        }
    }
    Ok(ids)
}
