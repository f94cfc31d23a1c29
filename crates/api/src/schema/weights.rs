//! What fields of filters cost beside the list that they narrow (`docs/decisions/0335-weights-of-filters.md`). The schema says it with `@cost`, so that
//! whoever sends an operation can tell its price. Equality, and a range of a column with an index, are part of the list's own point.
//! Sorts say what they cost where they are declared (`sorts::UNINDEXED`).

use std::borrow::Cow;

use async_graphql::{
    ContextDirective, CustomDirective, CustomDirectiveFactory, ServerResult,
    parser::types::Directive,
    registry::{MetaType, Registry},
};

use crate::graphql::directives::cost;

/// A value of a list: one more look-up.
const VALUE: &str = "0.01";
/// What begins with a text: a range of an index, or of the rows in the list's order.
const BEGINNING: &str = "0.5";
/// Several ranges of indexes: a tree of categories, a document by its number or the beginning of its reference.
const RANGES: &str = "1";
/// Words that are looked for with tolerance, or in several columns.
const SEARCH: &str = "5";
/// No index has it: rows are read in the list's order, or by another condition, until the page is full.
const UNINDEXED: &str = "5";

/// Of each filter, its fields that cost more than an equality. Names of small lists, which are read whole for each page, cost nothing more.
pub const WEIGHTS: &[(&str, &[(&str, &str)])] = &[
    // Operators, in whatever filter.
    ("DateFilter", &[("isNull", UNINDEXED)]),
    ("DateTimeFilter", &[("isNull", UNINDEXED)]),
    ("IdFilter", &[("in", VALUE), ("key", VALUE), ("isNull", UNINDEXED)]),
    ("LotCodeFilter", &[("in", VALUE), ("startsWith", BEGINNING)]),
    ("StoreIdFilter", &[("in", VALUE), ("key", VALUE)]),
    ("StringFilter", &[("in", VALUE), ("startsWith", BEGINNING), ("contains", UNINDEXED), ("isNull", UNINDEXED)]),
    // Fields of lists. `name` of customers says what it costs where it is declared.
    ("BlanketOrderFilter", &[("search", RANGES), ("tag", UNINDEXED)]),
    (
        "CustomerFilter",
        &[("search", SEARCH), ("country", UNINDEXED), ("tag", UNINDEXED), ("metadata", UNINDEXED), ("hasOrders", UNINDEXED)],
    ),
    (
        "ExchangeRateFilter",
        &[("source", UNINDEXED), ("isReplaced", UNINDEXED), ("enteredBy", UNINDEXED), ("recordedAt", UNINDEXED)],
    ),
    ("InvoiceFilter", &[("search", RANGES)]),
    ("LiquidationPlanLineFilter", &[("search", SEARCH), ("categoryTree", RANGES), ("value", UNINDEXED)]),
    ("LotFilter", &[("onHand", UNINDEXED), ("updatedAt", UNINDEXED)]),
    (
        "OrderFilter",
        &[("search", SEARCH), ("note", UNINDEXED), ("metadata", UNINDEXED), ("tag", UNINDEXED), ("register", UNINDEXED)],
    ),
    (
        "ProductFilter",
        &[
            ("search", SEARCH),
            ("categoryTree", RANGES),
            ("metadata", UNINDEXED),
            ("stockStatus", UNINDEXED),
            ("stockedIn", UNINDEXED),
        ],
    ),
    ("PurchaseOrderFilter", &[("search", RANGES), ("tag", UNINDEXED), ("createdBy", UNINDEXED), ("total", UNINDEXED)]),
    ("ReplenishmentPlanLineFilter", &[("search", SEARCH), ("categoryTree", RANGES), ("confidence", UNINDEXED)]),
    ("ReturnFilter", &[("search", RANGES), ("channel", UNINDEXED), ("tag", UNINDEXED), ("register", UNINDEXED)]),
    ("ReversalFilter", &[("createdBy", UNINDEXED)]),
    (
        "StockFilter",
        &[
            ("search", SEARCH),
            ("categoryTree", RANGES),
            ("available", UNINDEXED),
            ("onHand", UNINDEXED),
            ("reserved", UNINDEXED),
            ("status", UNINDEXED),
            ("updatedAt", UNINDEXED),
        ],
    ),
    ("StockRevaluationFilter", &[("search", RANGES), ("createdBy", UNINDEXED)]),
    ("StocktakeFilter", &[("search", RANGES), ("tag", UNINDEXED)]),
    ("SupplierReturnFilter", &[("search", RANGES), ("tag", UNINDEXED)]),
    ("TransferFilter", &[("search", RANGES), ("tag", UNINDEXED)]),
];

/// Writes the weights into a schema. No directive of a document: `register` is where the engine lends its registry.
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
