//! Sizes of the lists that have no page around them, which the cost of an operation counts before
//! it runs. The schema states them with `@listSize`, so that clients can compute the cost. A list
//! is sometimes longer: the number of objects in one response is limited when it is resolved
//! (`graphql/yielding.rs`).

use std::borrow::Cow;

use async_graphql::{
    ContextDirective, CustomDirective, CustomDirectiveFactory, ServerResult,
    parser::types::Directive,
    registry::{MetaType, Registry},
};

use crate::graphql::directives::list_size;

/// Lists of each type and their sizes.
const LIST_SIZES: &[(&str, &[(&str, i32)])] = &[
    ("AbcXyzTotals", &[("classes", 9)]),
    ("AlertChanges", &[("changes", 10)]),
    ("AlertRule", &[("members", 10)]),
    ("Alert", &[("works", 2)]),
    ("AlertUpdate", &[("alerts", 10)]),
    ("ApiKey", &[("addresses", 20), ("deprecatedUse", 5)]),
    ("BlanketOrder", &[("lines", 10)]),
    ("Carrier", &[("services", 5)]),
    ("Category", &[("children", 20), ("path", 8)]),
    ("CategoryBulkUpsertPayload", &[("rows", 10)]),
    ("StocktakeLine", &[("attemptHistory", 3)]),
    ("Customer", &[("addresses", 3), ("contacts", 5), ("taxIds", 3)]),
    ("CustomerBulkUpsertPayload", &[("rows", 10)]),
    ("DocumentReversal", &[("effects", 20), ("lines", 10), ("movements", 2)]),
    ("Dashboard", &[("masked", 8), ("topSellers", 5)]),
    ("DataJobReading", &[("columns", 20)]),
    ("ExchangeRatesImportPayload", &[("exchangeRates", 10)]),
    ("Fulfilment", &[("lines", 10), ("parcels", 3), ("reversedBy", 1)]),
    ("FulfilmentPickingLine", &[("shares", 5)]),
    ("FulfilmentWave", &[("papers", 1), ("pickingList", 100), ("works", 100)]),
    ("FulfilmentWaveStepPayload", &[("results", 20)]),
    ("FulfilmentWork", &[("lines", 10), ("papers", 2), ("parcels", 3)]),
    ("FulfilmentWorkPayload", &[("works", 10)]),
    ("FulfilmentWorkUpdate", &[("changes", 10)]),
    ("GoodsReceipt", &[("lines", 10), ("reversedBy", 1)]),
    ("InUse", &[("documents", 10)]),
    ("InsufficientStock", &[("alternatives", 5)]),
    ("HistoryItem", &[("fields", 5)]),
    ("HoldRule", &[("countries", 5), ("customerTags", 5), ("productTags", 5)]),
    ("Integration", &[("keys", 10)]),
    ("Invoice", &[("lines", 10), ("seller", 5), ("taxes", 2)]),
    ("LegalEntity", &[("address", 5), ("storeIds", 10)]),
    ("LiquidationAdvancePayload", &[("refused", 10)]),
    ("LiquidationApprovalPayload", &[("refused", 10)]),
    ("Member", &[("roles", 10)]),
    ("Note", &[("edits", 5)]),
    (
        "Order",
        &[
            ("fulfilments", 5),
            ("holds", 5),
            ("invoices", 2),
            ("lines", 10),
            ("papers", 5),
            ("payments", 5),
            ("returns", 5),
            ("reversedBy", 1),
            ("steps", 10),
            ("works", 2),
        ],
    ),
    ("OrderLine", &[("allocations", 5)]),
    ("OrderPayload", &[("hints", 2)]),
    ("OrderUpdate", &[("changes", 10)]),
    ("PaperSettings", &[("columns", 3), ("placeholders", 8), ("senderLines", 3), ("texts", 3)]),
    ("Parcel", &[("lines", 5)]),
    ("PaymentsPayload", &[("payments", 10)]),
    ("Product", &[("barcodes", 5), ("options", 3)]),
    ("ProductBulkUpsertPayload", &[("rows", 10)]),
    ("ProductCost", &[("layers", 20)]),
    ("ProductDocumentPayload", &[("documents", 10)]),
    ("ProductFamily", &[("products", 20)]),
    ("ProductImagePayload", &[("images", 10)]),
    ("ProductTextAcceptPayload", &[("products", 10)]),
    (
        "PurchaseOrder",
        &[("addedCharges", 1), ("charges", 5), ("discrepancies", 10), ("lines", 10), ("papers", 1), ("receipts", 5)],
    ),
    (
        "Query",
        &[
            ("alertRules", 20),
            ("integrations", 20),
            ("movementReport", 50),
            ("numberPatterns", 6),
            ("permissions", 100),
            ("roles", 20),
            ("recurringJobs", 20),
            ("standingJobs", 20),
            ("storeGroups", 20),
            ("webhookEndpoints", 20),
            ("webhookEventTypes", 50),
        ],
    ),
    ("PurchaseOrdersCreateFromSuggestionsPayload", &[("purchaseOrders", 10)]),
    ("ReplenishmentApprovalPayload", &[("refused", 10), ("unsent", 10)]),
    ("ReplenishmentReason", &[("numbers", 3)]),
    ("ReportCatalog", &[("dimensions", 11), ("measures", 22)]),
    ("ReportMeasureInfo", &[("addsOver", 5), ("combinesWith", 10)]),
    ("ReportRow", &[("values", 3)]),
    ("ReservationPayload", &[("reservations", 10)]),
    ("Return", &[("lines", 10), ("papers", 1), ("payments", 2), ("reversedBy", 1)]),
    ("StockRevaluation", &[("lines", 10)]),
    ("Role", &[("inherits", 5)]),
    ("SavedView", &[("links", 5), ("schedules", 5)]),
    ("SavedViewReaders", &[("members", 5), ("roles", 5)]),
    ("SavedViewSchedule", &[("members", 5)]),
    ("SavedViewResult", &[("errors", 10)]),
    ("SavedViewUpdate", &[("errors", 10)]),
    ("ScanResult", &[("elements", 5), ("matches", 5)]),
    ("StockAges", &[("ages", 6)]),
    ("StockChange", &[("entries", 10)]),
    ("Stocktake", &[("reversedBy", 1)]),
    ("StockMovement", &[("entries", 10)]),
    ("StockPayload", &[("levels", 10)]),
    ("ReorderPolicyPayload", &[("levels", 10)]),
    ("StockUpdate", &[("changes", 10)]),
    ("Store", &[("groups", 5)]),
    ("StoreGroup", &[("stores", 20)]),
    ("StoreScope", &[("groups", 5), ("stores", 20)]),
    ("SupplierCalendar", &[("closedDays", 10)]),
    ("SupplierProduct", &[("priceBreaks", 5)]),
    ("SupplierProductBulkUpsertPayload", &[("rows", 10)]),
    ("SupplierReturn", &[("lines", 10), ("reversedBy", 1)]),
    ("Transfer", &[("lines", 10), ("reversedBy", 1)]),
    ("Viewer", &[("permissions", 100), ("sessions", 10), ("tenants", 10)]),
];

/// The list of errors of every payload: it has at most a hundred, and seldom more than one for each
/// line that was refused.
const USER_ERRORS: (&str, i32) = ("userErrors", 10);

/// Writes the sizes into a schema. Documents cannot use it as a directive: the engine lends its
/// registry to `register`.
#[derive(Debug)]
pub struct Sizes;

impl CustomDirectiveFactory for Sizes {
    fn name(&self) -> Cow<'static, str> {
        "entrepotSizes".into()
    }

    fn register(&self, registry: &mut Registry) {
        for (name, kind) in &mut registry.types {
            let (MetaType::Object { fields, .. } | MetaType::Interface { fields, .. }) = kind else { continue };
            let own_lists = LIST_SIZES.iter().find(|(type_name, _)| type_name == name).map_or(&[][..], |(_, lists)| lists);
            for (list, size) in own_lists.iter().chain([&USER_ERRORS]) {
                // A list is as long under its earlier name.
                let earlier = format!("Deprecated name of `{list}`.");
                let is_named =
                    |name: &str, text: Option<&str>| name == *list || text.is_some_and(|text| text.starts_with(&earlier));
                let lists = fields.iter_mut().filter(|(name, field)| is_named(name, field.description.as_deref()));
                for (_, field) in lists.filter(|(_, field)| field.ty.starts_with('[')) {
                    field.directive_invocations.push(list_size::apply(Some(*size), None, None));
                }
            }
        }
    }

    fn create(&self, _: &ContextDirective<'_>, _: &Directive) -> ServerResult<Box<dyn CustomDirective>> {
        Ok(Box::new(Self))
    }
}

impl CustomDirective for Sizes {}
