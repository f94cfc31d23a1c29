//! No list is cut silently (`docs/decisions/0351-no-list-is-cut-in-silence.md`): a list with a
//! limit has a field beside it that tells whether there are more items, or its items are limited
//! when they are stored.

use std::{collections::BTreeSet, fs};

use async_graphql::parser::types::{FieldDefinition, TypeKind, TypeSystemDefinition};

use super::{parsed, served};
use crate::{authorization::calls::base, tidy::sources};

/// Lists that an answer may cut, each with the field of its type that tells so.
const SIGNED: [(&str, &str); 26] = [
    ("AvailabilityExplanation.reservations", "hasMoreReservations"),
    ("ExchangeRatesImportPayload.exchangeRates", "unchanged"),
    ("Fulfilment.reversedBy", "hasMoreReversals"),
    ("FulfilmentWave.papers", "hasMorePapers"),
    ("FulfilmentWork.papers", "hasMorePapers"),
    ("GoodsReceipt.reversedBy", "hasMoreReversals"),
    ("InUse.documents", "documentCount"),
    ("LiquidationAdvancePayload.refused", "refusedCount"),
    ("LiquidationApprovalPayload.refused", "refusedCount"),
    ("Note.edits", "hasMoreEdits"),
    ("Order.papers", "hasMorePapers"),
    ("Order.reversedBy", "hasMoreReversals"),
    ("Order.steps", "hasMoreSteps"),
    ("ProductCost.layers", "hasMoreLayers"),
    ("PurchaseOrder.papers", "hasMorePapers"),
    ("ReplenishmentApprovalPayload.refused", "refusedCount"),
    ("ReplenishmentApprovalPayload.unsent", "unsentCount"),
    ("Return.papers", "hasMorePapers"),
    ("Return.reversedBy", "hasMoreReversals"),
    ("ScanResult.matches", "hasMoreMatches"),
    ("SearchResults.nodes", "hasMore"),
    ("Sourcing.stores", "hasMoreStores"),
    ("Stocktake.reversedBy", "hasMoreReversals"),
    ("SupplierReturn.reversedBy", "hasMoreReversals"),
    ("Transfer.reversedBy", "hasMoreReversals"),
    ("Viewer.sessions", "hasMoreSessions"),
];

/// An item above the limit is refused when it is added.
const REFUSED: &str = "no more are kept";
/// A list that is short by definition.
const BEST: &str = "the best few";

/// Complete lists whose descriptions contain a limit, with the reason. `tags` of an object are 50
/// at most, and are not listed.
const WHOLE: [(&str, &str); 30] = [
    ("ApiKey.addresses", "older ones are forgotten as new ones come"),
    ("Customer.addresses", REFUSED),
    ("Customer.contacts", REFUSED),
    ("Customer.mergedFrom", REFUSED),
    ("Customer.taxIds", REFUSED),
    ("Dashboard.topSellers", BEST),
    ("FulfilmentWave.works", REFUSED),
    ("HoldRule.countries", REFUSED),
    ("HoldRule.customerTags", REFUSED),
    ("HoldRule.productTags", REFUSED),
    ("LegalEntity.storeIds", REFUSED),
    ("Note.mentions", REFUSED),
    ("Order.payments", REFUSED),
    ("PaperSettings.senderLines", REFUSED),
    ("PaperSettings.texts", REFUSED),
    ("SavedView.links", REFUSED),
    ("SavedView.schedules", REFUSED),
    ("SavedViewReaders.members", REFUSED),
    ("SavedViewReaders.roles", REFUSED),
    ("SavedViewResult.errors", "as the errors of an answer, of which ten are told; each field that failed is null"),
    ("SavedViewSchedule.emails", REFUSED),
    ("SavedViewSchedule.members", REFUSED),
    ("SavedViewUpdate.errors", "as the errors of an answer, of which ten are told; each field that failed is null"),
    ("Store.contacts", REFUSED),
    ("Store.taxIds", REFUSED),
    ("SuggestedCategory.reasons", BEST),
    ("SuggestedTag.reasons", BEST),
    ("Supplier.contacts", REFUSED),
    ("Supplier.mergedFrom", REFUSED),
    ("Supplier.taxIds", REFUSED),
];

/// Words in the description of a list that ends at a bound.
const BOUND: &str = "at most ";

/// A list with a limit, and the fields beside it.
struct Bounded {
    at: String,
    /// The Booleans and numbers of its type.
    signs: Vec<String>,
}

fn text(field: &FieldDefinition) -> String {
    let text = field.description.as_ref().map(|text| text.node.to_lowercase()).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_list(field: &FieldDefinition) -> bool {
    field.ty.to_string().starts_with('[')
}

fn is_deprecated(field: &FieldDefinition) -> bool {
    field.directives.iter().any(|directive| directive.node.name.node == "deprecated")
}

/// Lists that name their bound, but for deprecated ones and tags, sorted.
fn bounded(sdl: &str) -> Vec<Bounded> {
    let mut found = Vec::new();
    for definition in &parsed(sdl).definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let TypeKind::Object(object) = &kind.node.kind else { continue };
        let fields: Vec<&FieldDefinition> = object.fields.iter().map(|field| &field.node).collect();
        let is_sign =
            |field: &&&FieldDefinition| !is_list(field) && ["Boolean", "Int", "Long"].contains(&base(&field.ty.node).as_str());
        let signs: Vec<String> = fields.iter().filter(is_sign).map(|field| field.name.to_string()).collect();
        let lists = fields.iter().filter(|field| is_list(field) && field.name.node != "tags");
        for list in lists.filter(|field| text(field).contains(BOUND) && !is_deprecated(field)) {
            found.push(Bounded { at: format!("{}.{}", kind.node.name, list.name), signs: signs.clone() });
        }
    }
    found.sort_by(|one, other| one.at.cmp(&other.at));
    found
}

#[test]
fn a_list_that_ends_at_a_bound_says_whether_there_is_more() {
    let found = bounded(&served());
    let listed: BTreeSet<&str> = SIGNED.iter().chain(&WHOLE).map(|(list, _)| *list).collect();
    let new: Vec<&str> = found.iter().map(|list| list.at.as_str()).filter(|list| !listed.contains(list)).collect();
    assert!(new.is_empty(), "give them a field that says whether there is more, or say here why they have all there is: {new:?}");
    let idle: Vec<&&str> = listed.iter().filter(|list| !found.iter().any(|one| one.at == **list)).collect();
    assert!(idle.is_empty(), "these are gone, or name no bound: {idle:?}");
    let silent: Vec<&str> = SIGNED
        .iter()
        .filter(|(list, sign)| !found.iter().any(|one| one.at == *list && one.signs.iter().any(|own| own == sign)))
        .map(|(list, _)| *list)
        .collect();
    assert!(silent.is_empty(), "their types have no such field: {silent:?}");
}

#[test]
fn a_bounded_list_is_found_with_the_signs_beside_it() {
    let bound = r#""""Rows, the newest first, at
        most 50.""""#;
    let old = r#"@deprecated(reason: "x")"#;
    let fields =
        format!("hasMore: Boolean! count: Int! name: String {bound} rows: [Int!]! {bound} one: Int {bound} old: [Int!] {old}");
    let found =
        bounded(&format!("type A {{ {fields} {bound} tags: [String!]! others: [Int!]! }} input B {{ {bound} rows: [Int!] }}"));
    let found: Vec<(&str, &[String])> = found.iter().map(|list| (list.at.as_str(), list.signs.as_slice())).collect();
    assert_eq!(found, [("A.rows", ["hasMore", "count", "one"].map(ToOwned::to_owned).as_slice())]);
}

/// A page, or the first rows of a stream, which have a field for whether there are more.
const PAGE: &str = "a page says whether there is another";

/// Files of the API that cut lists, and the field that tells so.
const CUT: [(&str, &str); 21] = [
    ("api/alerts/live.rs", PAGE),
    ("api/audit/audited.rs", "names in an entry of the log, beside their number"),
    ("analysis/costing/mutation.rs", "InUse.documentCount"),
    ("trade/fulfilment/live.rs", PAGE),
    ("objects/graphql/refusal.rs", "extensions.entrepot.userErrorCount"),
    ("api/history/related.rs", "the text of `history` has the bound"),
    ("objects/identity/viewer.rs", "Viewer.hasMoreSessions"),
    ("analysis/liquidation/payload.rs", "refusedCount"),
    ("objects/orders/connections.rs", "no list: the keys of a cursor"),
    ("trade/orders/sourcing.rs", "Sourcing.hasMoreStores"),
    ("trade/orders/sourcing_roots.rs", "a longer input is refused"),
    ("trade/orders/topic.rs", PAGE),
    ("objects/papers/loaders.rs", "hasMorePapers"),
    ("trade/purchasing/query.rs", "extensions.entrepot.truncated"),
    ("analysis/replenishment/payload.rs", "refusedCount"),
    ("objects/reversals/loaders.rs", "hasMoreReversals"),
    ("api/saved_views/mutation.rs", "a longer input is refused"),
    ("api/scan/query.rs", "ScanResult.hasMoreMatches"),
    ("api/search/query.rs", "SearchResults.hasMore"),
    ("trade/stock/explain.rs", "AvailabilityExplanation.hasMoreReservations"),
    ("trade/stock/topic.rs", PAGE),
];

/// Whether a line cuts a list at a constant, or at a computed length. Texts, which are cut by
/// characters, do not count.
fn cuts(line: &str) -> bool {
    let at_constant = line
        .split(".take(")
        .skip(1)
        .any(|rest| rest.starts_with(|sign: char| sign.is_ascii_uppercase() || sign.is_ascii_digit()));
    (at_constant && !line.contains("chars()")) || line.contains(".truncate(")
}

/// The crates of faces.
const FACES: [&str; 4] = ["objects/", "trade/", "analysis/", "api/"];

#[test]
fn whoever_cuts_a_list_in_the_api_tells_of_it() {
    let mut found = BTreeSet::new();
    for (file, path) in sources().iter().filter(|(file, _)| FACES.iter().any(|name| file.starts_with(name))) {
        if fs::read_to_string(path).unwrap().lines().any(cuts) {
            found.insert(file.clone());
        }
    }
    let listed: BTreeSet<String> = CUT.iter().map(|(file, _)| (*file).to_owned()).collect();
    let (new, idle): (Vec<_>, Vec<_>) = (found.difference(&listed).collect(), listed.difference(&found).collect());
    assert!(new.is_empty(), "say what tells of the rows that are left out: {new:?}");
    assert!(idle.is_empty(), "these cut nothing: take them off the list: {idle:?}");
    assert!(cuts("rows.iter().take(MOST)") && cuts("rows.truncate(most)") && cuts("rows.take(10)"));
    assert!(!cuts("text.chars().take(MOST)") && !cuts("self.rows.take()") && !cuts("self.take(key)"));
}
