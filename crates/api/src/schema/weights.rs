//! Costs of fields of filters beside the list that they narrow
//! (`docs/decisions/0335-weights-of-filters.md`). The schema states them with `@cost`, so that
//! clients can compute the cost of an operation. Equality, and a range of a column with an index,
//! are part of the list's own point. Sorts declare their costs themselves (`sorts::UNINDEXED`).

use std::borrow::Cow;

use async_graphql::{
    ContextDirective, CustomDirective, CustomDirectiveFactory, ServerResult,
    parser::types::Directive,
    registry::{MetaType, Registry},
};

use crate::graphql::directives::cost;

/// Weight of a value in a list: one more lookup.
const VALUE_WEIGHT: &str = "0.01";
/// A prefix of a text: a range of an index, or of the rows in the list's order.
const PREFIX_WEIGHT: &str = "0.5";
/// Weight of several ranges of indexes: a tree of categories, a document by its number or the
/// beginning of its reference.
const RANGES_WEIGHT: &str = "1";
/// Weight of a search with tolerance for typing errors, or in several columns.
const SEARCH_WEIGHT: &str = "5";
/// Weight of a column without an index: rows are read in the list's order, or by another condition,
/// until the page is full.
const UNINDEXED: &str = "5";

/// Fields of each filter that cost more than an equality. Names of small lists, which are read
/// whole for each page, cost nothing more.
pub const WEIGHTS: &[(&str, &[(&str, &str)])] = &[
    // Operators of all filters.
    ("DateFilter", &[("isNull", UNINDEXED)]),
    ("DateTimeFilter", &[("isNull", UNINDEXED)]),
    ("IdFilter", &[("in", VALUE_WEIGHT), ("key", VALUE_WEIGHT), ("isNull", UNINDEXED)]),
    ("LotCodeFilter", &[("in", VALUE_WEIGHT), ("startsWith", PREFIX_WEIGHT)]),
    ("StoreIdFilter", &[("in", VALUE_WEIGHT), ("key", VALUE_WEIGHT)]),
    ("StringFilter", &[("in", VALUE_WEIGHT), ("startsWith", PREFIX_WEIGHT), ("contains", UNINDEXED), ("isNull", UNINDEXED)]),
    // Fields of lists. The weight of `name` of customers is declared at the field.
    ("BlanketOrderFilter", &[("search", RANGES_WEIGHT), ("tag", UNINDEXED)]),
    (
        "CustomerFilter",
        &[
            ("search", SEARCH_WEIGHT),
            ("country", UNINDEXED),
            ("tag", UNINDEXED),
            ("metadata", UNINDEXED),
            ("hasOrders", UNINDEXED),
        ],
    ),
    (
        "ExchangeRateFilter",
        &[("source", UNINDEXED), ("isReplaced", UNINDEXED), ("enteredBy", UNINDEXED), ("recordedAt", UNINDEXED)],
    ),
    ("InvoiceFilter", &[("search", RANGES_WEIGHT)]),
    ("LiquidationPlanLineFilter", &[("search", SEARCH_WEIGHT), ("categoryTree", RANGES_WEIGHT), ("value", UNINDEXED)]),
    ("LotFilter", &[("onHand", UNINDEXED), ("updatedAt", UNINDEXED)]),
    (
        "OrderFilter",
        &[("search", SEARCH_WEIGHT), ("note", UNINDEXED), ("metadata", UNINDEXED), ("tag", UNINDEXED), ("register", UNINDEXED)],
    ),
    (
        "ProductFilter",
        &[
            ("search", SEARCH_WEIGHT),
            ("categoryTree", RANGES_WEIGHT),
            ("metadata", UNINDEXED),
            ("stockStatus", UNINDEXED),
            ("stockedIn", UNINDEXED),
        ],
    ),
    ("PurchaseOrderFilter", &[("search", RANGES_WEIGHT), ("tag", UNINDEXED), ("createdBy", UNINDEXED), ("total", UNINDEXED)]),
    ("ReplenishmentPlanLineFilter", &[("search", SEARCH_WEIGHT), ("categoryTree", RANGES_WEIGHT), ("confidence", UNINDEXED)]),
    ("ReturnFilter", &[("search", RANGES_WEIGHT), ("channel", UNINDEXED), ("tag", UNINDEXED), ("register", UNINDEXED)]),
    ("ReversalFilter", &[("createdBy", UNINDEXED)]),
    (
        "StockFilter",
        &[
            ("search", SEARCH_WEIGHT),
            ("categoryTree", RANGES_WEIGHT),
            ("available", UNINDEXED),
            ("onHand", UNINDEXED),
            ("reserved", UNINDEXED),
            ("status", UNINDEXED),
            ("updatedAt", UNINDEXED),
        ],
    ),
    ("StockRevaluationFilter", &[("search", RANGES_WEIGHT), ("createdBy", UNINDEXED)]),
    ("StocktakeFilter", &[("search", RANGES_WEIGHT), ("tag", UNINDEXED)]),
    ("SupplierReturnFilter", &[("search", RANGES_WEIGHT), ("tag", UNINDEXED)]),
    ("TransferFilter", &[("search", RANGES_WEIGHT), ("tag", UNINDEXED)]),
];

/// Writes the weights into a schema. Documents cannot use it as a directive: the engine lends its
/// registry to `register`.
#[derive(Debug)]
pub struct Weights;

impl CustomDirectiveFactory for Weights {
    fn name(&self) -> Cow<'static, str> {
        "entrepotWeights".into()
    }

    fn register(&self, registry: &mut Registry) {
        for (name, fields) in WEIGHTS {
            let Some(MetaType::InputObject { input_fields, .. }) = registry.types.get_mut(*name) else { continue };
            for (field, weight) in *fields {
                if let Some(field) = input_fields.get_mut(*field) {
                    field.directive_invocations.push(cost::apply((*weight).to_owned()));
                }
            }
        }
    }

    fn create(&self, _: &ContextDirective<'_>, _: &Directive) -> ServerResult<Box<dyn CustomDirective>> {
        Ok(Box::new(Self))
    }
}

impl CustomDirective for Weights {}
