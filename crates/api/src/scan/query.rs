//! Query for the objects that a code identifies.

use async_graphql::Context;
use entity::prelude::{LotId, Quantity};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::path;
use services::scan::{
    core::{self, Kind, MatchedBy, Names, Problem, ProblemKind, ScannedCode},
    rows::{self, MatchedRow, Matches},
};

use super::{
    SearchKind,
    kind::{hide_forbidden, node_of, resolve_search_kinds},
    result::{ScanMatch, ScanResult},
};
use crate::{
    catalog::Barcode,
    graphql::{context::ContextExt, fault::Answer, filters::refuse_nul},
    numbering::patterns,
    schema::Node,
    stock::{Lot, visible_lot},
};

/// Maximum matches of a code.
const MAX_MATCHES: usize = 50;

/// The root field that reads codes.
#[derive(Default)]
pub struct ScanQuery;

#[resolvers]
impl ScanQuery {
    /// Reads a scanned code and finds what it names: products by barcode or SKU, documents by number or external reference, lots and serial numbers,
    /// stores and suppliers by code, categories by slug, customers by external reference, parcels and the orders of shipped parcels by tracking number. A
    /// name of a merged customer or supplier names the one that it was merged into. Understands GS1 element strings and Digital Links. Numbers count with or without their letters, which `numberPatterns` shows: "PO-7" and "PO-000007" name the same purchase order, "7"
    /// every document with this number. Invoices and credit notes have those of their legal entity, as in "INV-7", and fulfilment works the number of
    /// their order before theirs, as in "1041-2".
    ///
    /// Requires the read permission of each kind: kinds without it are skipped. Costs 5.
    #[field(authenticated, cost = "5")]
    async fn scan_code(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Code as the scanner sent it, at most 512 bytes. The separator of GS1 codes is the byte 0x1D, or typed \\x1d, <GS> or {GS}."
        )]
        code: String,
        #[graphql(desc = "Kinds to find, each with its permission. Default: all that the caller may read.")] kinds: Option<
            Vec<SearchKind>,
        >,
    ) -> Answer<ScanResult> {
        let kinds_and_scope = resolve_search_kinds(ctx, kinds)?;
        refuse_nul(&code, || path!["code"])?;
        let mut reading = core::read(&code, year_of(ctx.required_data::<Ledger>()?.clock().now().micros()));
        let (sought, matches) = match kinds_and_scope {
            Some((sought, scope)) => {
                let names = Names::of(&code, &reading, patterns(ctx).await?.as_ref());
                let matched = Box::pin(rows::find_matches(&scope, &names, &sought)).await?;
                (sought, matched)
            }
            None => (Vec::new(), Matches::default()),
        };
        if matches.is_unknown_pack {
            reading.problem.get_or_insert(Problem { kind: ProblemKind::UnknownPack, at: 0 });
        }
        let has_products = sought.iter().any(|searched| searched.kind == Kind::Product);
        let lot = find_named_lot(ctx, &matches.found, &reading).await?;
        // A lot that only narrows down a matched product is returned with the product, not as a
        // match of its own.
        let names_a_lot = has_products && !reading.elements.is_empty() && reading.gtin().is_some();
        let is_beside = |kind: Kind| names_a_lot && kind == Kind::Lot;
        let mut visible_matches = Vec::new();
        for matched in matches.found {
            if visible_matches.len() > MAX_MATCHES || is_beside(matched.kind) {
                continue;
            }
            visible_matches.extend(Box::pin(visible_match(ctx, matched, &reading, lot.as_ref())).await?);
        }
        let has_more_matches = visible_matches.len() > MAX_MATCHES || matches.cut.iter().any(|kind| !is_beside(*kind));
        visible_matches.truncate(MAX_MATCHES);
        let ScannedCode { format, elements, problem } = reading;
        Ok(ScanResult { input: code, format, matches: visible_matches, has_more_matches, elements, problem })
    }
}

/// Returns the year of a moment, approximately and in UTC: exact enough for a century.
fn year_of(micros: i64) -> i32 {
    let days = i32::try_from(micros.div_euclid(86_400_000_000)).unwrap_or_default();
    platform::clock::day_text(days).split('-').next().and_then(|year| year.parse().ok()).unwrap_or(2_000)
}

/// Returns the lot that a GS1 code names with its product: by its serial number, else by its batch.
async fn find_named_lot(ctx: &Context<'_>, matched_rows: &[MatchedRow], reading: &ScannedCode) -> Answer<Option<Lot>> {
    if reading.gtin().is_none() {
        return Ok(None);
    }
    let by = |by| matched_rows.iter().find(|matched_rows| matched_rows.kind == Kind::Lot && matched_rows.by == by);
    match by(MatchedBy::Serial).or_else(|| by(MatchedBy::LotCode)) {
        Some(lot) => hide_forbidden(visible_lot(ctx, LotId::from_uuid(lot.id)).await),
        None => Ok(None),
    }
}

/// Returns a match, with the data that the caller may see.
async fn visible_match(
    ctx: &Context<'_>,
    matched_row: MatchedRow,
    reading: &ScannedCode,
    lot: Option<&Lot>,
) -> Answer<Option<ScanMatch>> {
    let Some(node) = node_of(ctx, matched_row.kind, matched_row.id).await? else { return Ok(None) };
    let (lot, store) = match &node {
        Node::Lot(own_lot) => (Some(own_lot.clone()), None),
        Node::Store(store) => (None, Some(store.clone())),
        Node::Product(_) => (lot.cloned(), None),
        _ => (None, None),
    };
    let barcode = matched_row
        .barcode
        .map(|(code, pack)| Barcode { code, pack_quantity: Quantity::new(pack).unwrap_or(Quantity::ONE).into() });
    Ok(Some(ScanMatch {
        node,
        kind: matched_row.kind.into(),
        by: matched_row.by,
        barcode,
        lot,
        lot_code: reading.lot().map(str::to_owned),
        serial: reading.serial().map(str::to_owned),
        expires_on: reading.expires_on(),
        quantity: reading.quantity().and_then(Quantity::new),
        store,
    }))
}
