//! Costs of fields of filters beside the list that they narrow
//! (`docs/decisions/0335-weights-of-filters.md`). The schema states them with `@cost`, so that
//! clients can compute the cost of an operation. Equality, and a range of a column with an index,
//! are part of the list's own point. Sorts declare their costs themselves (`sorts::UNINDEXED_WEIGHT`).

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
const UNINDEXED_WEIGHT: &str = "5";

/// Fields of each filter that cost more than an equality. Names of small lists, which are read
/// whole for each page, cost nothing more.
pub const WEIGHTS: &[(&str, &[(&str, &str)])] = &[
    // Operators of all filters.
    ("DateFilter", &[("isNull", UNINDEXED_WEIGHT)]),
    ("DateTimeFilter", &[("isNull", UNINDEXED_WEIGHT)]),
    ("IdFilter", &[("in", VALUE_WEIGHT), ("key", VALUE_WEIGHT), ("isNull", UNINDEXED_WEIGHT)]),
    ("LotCodeFilter", &[("in", VALUE_WEIGHT), ("startsWith", PREFIX_WEIGHT)]),
    ("StoreIdFilter", &[("in", VALUE_WEIGHT), ("key", VALUE_WEIGHT)]),
    (
        "StringFilter",
        &[("in", VALUE_WEIGHT), ("startsWith", PREFIX_WEIGHT), ("contains", UNINDEXED_WEIGHT), ("isNull", UNINDEXED_WEIGHT)],
    ),
    // Fields of lists. The weight of `name` of customers is declared at the field.
    ("BlanketOrderFilter", &[("search", RANGES_WEIGHT), ("tag", UNINDEXED_WEIGHT)]),
    (
        "CustomerFilter",
        &[
            ("search", SEARCH_WEIGHT),
            ("country", UNINDEXED_WEIGHT),
            ("tag", UNINDEXED_WEIGHT),
            ("metadata", UNINDEXED_WEIGHT),
            ("hasOrders", UNINDEXED_WEIGHT),
        ],
    ),
    (
        "ExchangeRateFilter",
        &[
            ("source", UNINDEXED_WEIGHT),
            ("isReplaced", UNINDEXED_WEIGHT),
            ("enteredBy", UNINDEXED_WEIGHT),
            ("recordedAt", UNINDEXED_WEIGHT),
        ],
    ),
    ("InvoiceFilter", &[("search", RANGES_WEIGHT)]),
    ("LiquidationPlanLineFilter", &[("search", SEARCH_WEIGHT), ("categoryTree", RANGES_WEIGHT), ("value", UNINDEXED_WEIGHT)]),
    ("LotFilter", &[("onHand", UNINDEXED_WEIGHT), ("updatedAt", UNINDEXED_WEIGHT)]),
    (
        "OrderFilter",
        &[
            ("search", SEARCH_WEIGHT),
            ("note", UNINDEXED_WEIGHT),
            ("metadata", UNINDEXED_WEIGHT),
            ("tag", UNINDEXED_WEIGHT),
            ("register", UNINDEXED_WEIGHT),
        ],
    ),
    (
        "ProductFilter",
        &[
            ("search", SEARCH_WEIGHT),
            ("categoryTree", RANGES_WEIGHT),
            ("metadata", UNINDEXED_WEIGHT),
            ("stockStatus", UNINDEXED_WEIGHT),
            ("stockedIn", UNINDEXED_WEIGHT),
        ],
    ),
    (
        "PurchaseOrderFilter",
        &[("search", RANGES_WEIGHT), ("tag", UNINDEXED_WEIGHT), ("createdBy", UNINDEXED_WEIGHT), ("total", UNINDEXED_WEIGHT)],
    ),
    (
        "ReplenishmentPlanLineFilter",
        &[("search", SEARCH_WEIGHT), ("categoryTree", RANGES_WEIGHT), ("confidence", UNINDEXED_WEIGHT)],
    ),
    (
        "ReturnFilter",
        &[("search", RANGES_WEIGHT), ("channel", UNINDEXED_WEIGHT), ("tag", UNINDEXED_WEIGHT), ("register", UNINDEXED_WEIGHT)],
    ),
    ("ReversalFilter", &[("createdBy", UNINDEXED_WEIGHT)]),
    (
        "StockFilter",
        &[
            ("search", SEARCH_WEIGHT),
            ("categoryTree", RANGES_WEIGHT),
            ("available", UNINDEXED_WEIGHT),
            ("onHand", UNINDEXED_WEIGHT),
            ("reserved", UNINDEXED_WEIGHT),
            ("status", UNINDEXED_WEIGHT),
            ("updatedAt", UNINDEXED_WEIGHT),
        ],
    ),
    ("StockRevaluationFilter", &[("search", RANGES_WEIGHT), ("createdBy", UNINDEXED_WEIGHT)]),
    ("StocktakeFilter", &[("search", RANGES_WEIGHT), ("tag", UNINDEXED_WEIGHT)]),
    ("SupplierReturnFilter", &[("search", RANGES_WEIGHT), ("tag", UNINDEXED_WEIGHT)]),
    ("TransferFilter", &[("search", RANGES_WEIGHT), ("tag", UNINDEXED_WEIGHT)]),
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
