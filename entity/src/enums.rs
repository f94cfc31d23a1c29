//! The closed sets of words that columns hold: the same spelling in Rust, SQL and GraphQL.

/// An enum whose names are kept as text, with a CHECK in the database.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident $text:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, sea_orm::EnumIter, sea_orm::DeriveActiveEnum)]
        #[sea_orm(rs_type = "String", db_type = "Text")]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] #[sea_orm(string_value = $text)] $variant),* }
        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $text),* } }
            pub fn parse(text: &str) -> Option<Self> { match text { $($text => Some(Self::$variant),)* _ => None } }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }
        crate::text_scalars!($name);
    )*};
}

/// The kinds of alerts with their texts and descriptions, for a macro that makes an enum of them: `AlertKind` here, that of GraphQL in the crate `objects`.
#[macro_export]
macro_rules! alert_kinds {
    ($make:ident) => {
        $make! {
            /// Kind of an alert: the condition that it reports.
            AlertKind {
                /// Available fell to the rule's threshold, or to one and a half times the reorder point or the product's own threshold.
                LowStock "LOW_STOCK",
                /// No stock is available.
                OutOfStock "OUT_OF_STOCK",
                /// Stock is available again. The alert is RESOLVED from the start, as nothing remains to be
                /// done.
                BackInStock "BACK_IN_STOCK",
                /// Available rose to the rule's threshold, or to the level's maximum.
                Overstock "OVERSTOCK",
                /// A store has some of a lot that is for sale and near its date or past it.
                Expiring "EXPIRING",
                /// The price of a product is below its cost.
                NegativeMargin "NEGATIVE_MARGIN",
                /// Lines of a purchase order were expected by now.
                PurchaseOrderLate "PURCHASE_ORDER_LATE",
                /// A transfer was expected by now, and something of it is still under way.
                TransferOverdue "TRANSFER_OVERDUE",
                /// A count was posted, and the books were off.
                CountDifference "COUNT_DIFFERENCE",
                /// Dead or slow units of a product in a store cost the `alertValue` of `liquidationSettings` or more, and no plan does anything with them.
                DeadStock "DEAD_STOCK",
                /// A line of a liquidation plan has brought less than its lower bound asks for by now, or its day is over and the plan was not followed.
                LiquidationBehind "LIQUIDATION_BEHIND",
                /// A day of a product in a store was strange, and is not accepted yet.
                StockAnomaly "STOCK_ANOMALY",
                /// Forecasts of a product in a store are too low, or too high, again and again: the tracking signal of the last eight weeks is beyond 6 on either side, and
                /// was a week before. RESOLVED within 4.
                ForecastDrift "FORECAST_DRIFT",
                /// Intervals of a product in a store hold too few weeks: at least 9 of the last 16 were outside those of 80 %, and were a week before. RESOLVED at 6.
                ForecastCoverage "FORECAST_COVERAGE",
                /// Works of an order were due in a store, and something of them has not left.
                FulfilmentOverdue "FULFILMENT_OVERDUE",
                /// An order waits for goods that a store has refused, and no other store has them.
                FulfilmentRejected "FULFILMENT_REJECTED",
                /// Three runs in a row of a saved view's schedule have failed, or the schedule has stopped by itself. RESOLVED once a run succeeds, or the schedule is set
                /// again or deleted.
                SavedViewScheduleFailed "SAVED_VIEW_SCHEDULE_FAILED",
                /// Three runs in a row of an export schedule have failed, or the schedule has stopped by itself. RESOLVED once a run succeeds, or the schedule is set again
                /// or deleted.
                ExportScheduleFailed "EXPORT_SCHEDULE_FAILED",
            }
        }
    };
}

alert_kinds!(words);

words! {
    /// A kind of document that is numbered per tenant, without gaps: its column in `tenant_counter`.
    Numbered {
        Order "order_number",
        Return "return_number",
        PurchaseOrder "purchase_order_number",
        SupplierReturn "supplier_return_number",
        Transfer "transfer_number",
        Count "count_number",
        Revaluation "revaluation_number",
        Reversal "reversal_number",
        BlanketOrder "blanket_order_number",
    }
    /// Kind of a store.
    StoreKind { Shop "SHOP", Warehouse "WAREHOUSE", Virtual "VIRTUAL" }
    /// Status of a product in its life cycle.
    ProductStatus { Draft "DRAFT", Active "ACTIVE", Archived "ARCHIVED" }
    /// Stock policy of a product.
    StockPolicy {
        Tracked "TRACKED",
        /// A service: no stock is kept.
        Untracked "UNTRACKED",
        /// Goods may be promised beyond stock; on hand is still never negative.
        Backorder "BACKORDER",
    }
    /// Tracking of a product's stock below the level.
    Tracking {
        /// The units are not distinguished.
        None "NONE",
        /// Lots: batches with a code and dates.
        Lot "LOT",
        /// Serial numbers: lots of one unit.
        Serial "SERIAL",
    }
    LotStatus { Available "AVAILABLE", Quarantine "QUARANTINE", Recalled "RECALLED" }
    /// Reason for which stock on hand cannot be sold.
    Condition { Quarantine "QUARANTINE", Damaged "DAMAGED", Expired "EXPIRED", Recalled "RECALLED" }
    MemberStatus { Invited "INVITED", Active "ACTIVE", Suspended "SUSPENDED" }
    /// Audience of a note.
    NoteAudience { Staff "STAFF", Customer "CUSTOMER" }
    /// Kind of a paper that is drawn of a document.
    PaperKind {
        PackingSlip "PACKING_SLIP",
        PickingList "PICKING_LIST",
        DeliveryNote "DELIVERY_NOTE",
        OrderConfirmation "ORDER_CONFIRMATION",
        PurchaseOrder "PURCHASE_ORDER",
        Invoice "INVOICE",
        CreditNote "CREDIT_NOTE",
        ReturnLabel "RETURN_LABEL",
        CollectSlip "COLLECT_SLIP",
    }
    /// Kind of a numbered legal paper.
    InvoiceKind { Invoice "INVOICE", CreditNote "CREDIT_NOTE" }
    /// Language of a paper.
    PaperLocale { English "EN", German "DE", French "FR" }
    ActorKind { Member "MEMBER", Integration "INTEGRATION", System "SYSTEM" }
    MovementKind {
        Receipt "RECEIPT", Sale "SALE", Return "RETURN", Adjustment "ADJUSTMENT", Removal "REMOVAL", Count "COUNT", Discrepancy "DISCREPANCY",
        TransferOut "TRANSFER_OUT", TransferIn "TRANSFER_IN", Reserve "RESERVE", Release "RELEASE", Reversal "REVERSAL",
    }
    ReasonCode {
        Purchase "PURCHASE", Sale "SALE", CustomerReturn "CUSTOMER_RETURN", Damage "DAMAGE", Loss "LOSS", Theft "THEFT", Expiry "EXPIRY",
        Found "FOUND", Sample "SAMPLE", Correction "CORRECTION", Opening "OPENING", Quarantine "QUARANTINE", Recall "RECALL", Other "OTHER",
    }
    ReservationStatus { Active "ACTIVE", Consumed "CONSUMED", Released "RELEASED", Expired "EXPIRED", Shortened "SHORTENED" }
    /// Whether a level had stock when its days closed.
    SpanState { InStock "IN_STOCK", Out "OUT" }
    /// Class of a product's demand, by its frequency and regularity.
    DemandClass {
        Smooth "SMOOTH", Erratic "ERRATIC", Intermittent "INTERMITTENT", Lumpy "LUMPY", New "NEW", Ended "ENDED", Dormant "DORMANT",
    }
    /// Status of a series' forecast.
    ForecastStatus {
        Ready "READY", New "NEW", Dormant "DORMANT", Ended "ENDED", TooLittle "TOO_LITTLE", NaiveWasBetter "NAIVE_WAS_BETTER",
    }
    /// Whether forecasts are of products in single stores or of all stores together.
    ForecastLevel { Store "STORE", AllStores "ALL_STORES" }
    /// The movement of a product in a store whose days are judged, or a pattern.
    AnomalyKind {
        Sale "SALE", Return "RETURN", AdjustIn "ADJUST_IN", AdjustOut "ADJUST_OUT", Removal "REMOVAL", BelowCost "BELOW_COST", Reversals "REVERSALS",
        CountsShort "COUNTS_SHORT", Duplicate "DUPLICATE", Unmoved "UNMOVED", ReceivedTwice "RECEIVED_TWICE",
    }
    /// The rule by which a day was flagged.
    AnomalyRule { Unusual "UNUSUAL", LargeLine "LARGE_LINE", ManyUsualLines "MANY_USUAL_LINES", Pattern "PATTERN" }
    AnomalyState { Open "OPEN", Accepted "ACCEPTED" }
    /// The rule by which stock is replenished.
    ReplenishmentPolicyKind {
        MinMax "MIN_MAX", ReorderPoint "REORDER_POINT", Periodic "PERIODIC", Service "SERVICE", TargetDays "TARGET_DAYS",
    }
    /// Method by which a policy sets its safety stock.
    SafetyStockMethod { Quantile "QUANTILE", Normal "NORMAL", FillRate "FILL_RATE" }
    ReplenishmentPlanState {
        Draft "DRAFT", Partly "PARTLY", Approved "APPROVED", Executed "EXECUTED", Superseded "SUPERSEDED",
    }
    ReplenishmentLineKind { Transfer "TRANSFER", Purchase "PURCHASE", CancelIncoming "CANCEL_INCOMING" }
    /// Outcome of a proposal by the day on which its delivery was due.
    ReplenishmentOutcome { Accepted "ACCEPTED", Changed "CHANGED", Refused "REFUSED" }
    ReplenishmentLineState { Open "OPEN", Claimed "CLAIMED", Approved "APPROVED", Refused "REFUSED", Cut "CUT" }
    /// Kind of a series that moves demand from outside.
    FactorKind { Promotion "PROMOTION", Price "PRICE", Holiday "HOLIDAY", Weather "WEATHER", Other "OTHER" }
    /// Action on dead stock.
    LiquidationAction { Keep "KEEP", WriteOff "WRITE_OFF", Return "RETURN", Transfer "TRANSFER", Bundle "BUNDLE", Markdown "MARKDOWN" }
    LiquidationPlanState { Draft "DRAFT", Partly "PARTLY", Approved "APPROVED", Done "DONE", Superseded "SUPERSEDED" }
    LiquidationLineState { Proposed "PROPOSED", Claimed "CLAIMED", Approved "APPROVED", Done "DONE", Refused "REFUSED" }
    /// Reason for which a line of a liquidation plan is refused.
    LiquidationIssue { Stale "STALE", Refused "REFUSED" }
    /// Proceeds of a line of a liquidation plan until its last day, compared with the expected
    /// ones.
    LiquidationOutcome { Below "BELOW", Within "WITHIN", Above "ABOVE" }
    /// Reason for which a line of a plan is refused or cut.
    ReplenishmentIssue {
        Stale "STALE", NoSupplier "NO_SUPPLIER", DraftRefused "DRAFT_REFUSED", OverBudget "OVER_BUDGET", OtherCurrency "OTHER_CURRENCY",
        BelowMinimum "BELOW_MINIMUM",
    }
    StockStatus { OutOfStock "OUT_OF_STOCK", Critical "CRITICAL", Low "LOW", Normal "NORMAL", Overstock "OVERSTOCK" }
    OrderStatus {
        Draft "DRAFT", Pending "PENDING", Confirmed "CONFIRMED", PartiallyFulfilled "PARTIALLY_FULFILLED", Fulfilled "FULFILLED", Closed "CLOSED",
        Cancelled "CANCELLED", Expired "EXPIRED",
    }
    LineKind { Product "PRODUCT", Charge "CHARGE" }
    /// Delivery method of an order.
    DeliveryMethod {
        /// The order is shipped to an address.
        Ship "SHIP",
        /// The customer collects the order from the store.
        Collect "COLLECT",
    }
    /// Reason for which an order was cancelled.
    CancelReason {
        Customer "CUSTOMER", OutOfStock "OUT_OF_STOCK", Payment "PAYMENT", Fraud "FRAUD", Duplicate "DUPLICATE", Error "ERROR", Other "OTHER",
    }
    /// Strategy that ranks the stores from which an order can take its stock.
    SourcingStrategy { Nearest "NEAREST", MostStock "MOST_STOCK", Priority "PRIORITY" }
    /// Policy for orders that no store can fulfil alone.
    SplitPolicy { Allow "ALLOW", Refuse "REFUSE" }
    FulfilmentStatus {
        Pending "PENDING", Picked "PICKED", Packed "PACKED", Shipped "SHIPPED", Delivered "DELIVERED",
        /// The delivery failed. The row says SHIPPED, with the time of the failure.
        Failed "FAILED",
        Cancelled "CANCELLED",
    }
    /// Status of a store's share of an order.
    WorkStatus {
        Open "OPEN", Accepted "ACCEPTED", Picking "PICKING", Picked "PICKED", Packed "PACKED", Ready "READY", Shipped "SHIPPED", Done "DONE",
        Rejected "REJECTED", Cancelled "CANCELLED",
    }
    /// Reason of a store for not sending goods.
    RejectReason { NoStock "NO_STOCK", Damaged "DAMAGED", NoCapacity "NO_CAPACITY", CannotShip "CANNOT_SHIP", Other "OTHER" }
    /// Kind of a payment.
    PaymentKind { Authorisation "AUTHORISATION", Capture "CAPTURE", Void "VOID", Refund "REFUND" }
    /// Payment status of an order.
    PaymentStatus {
        NothingDue "NOTHING_DUE", Unpaid "UNPAID", PartiallyAuthorised "PARTIALLY_AUTHORISED", Authorised "AUTHORISED",
        PartiallyPaid "PARTIALLY_PAID", Paid "PAID", Overpaid "OVERPAID",
    }
    /// Share of the captured amount that was refunded.
    RefundStatus { None "NONE", Partial "PARTIAL", Full "FULL" }
    Disposition { Restock "RESTOCK", Quarantine "QUARANTINE", WriteOff "WRITE_OFF" }
    ReturnStatus {
        Requested "REQUESTED", Approved "APPROVED", Rejected "REJECTED", PartiallyReceived "PARTIALLY_RECEIVED", Received "RECEIVED",
        Inspected "INSPECTED", Closed "CLOSED",
    }
    TransferStatus {
        Draft "DRAFT", Ready "READY", InTransit "IN_TRANSIT", PartiallyReceived "PARTIALLY_RECEIVED", Received "RECEIVED",
        Cancelled "CANCELLED",
    }
    /// Kind of a count: the products that it covers.
    CountKind { Full "FULL", Category "CATEGORY", Cycle "CYCLE", List "LIST" }
    CountStatus { Open "OPEN", Counting "COUNTING", Review "REVIEW", Completed "COMPLETED", Cancelled "CANCELLED" }
    /// State of a line of a count.
    CountLineState { Uncounted "UNCOUNTED", Counted "COUNTED", Recount "RECOUNT" }
    /// ABC class of a product in a store, by its share of the revenue: A the first 80 %, B the next
    /// 15, C the rest.
    AbcClass { A "A", B "B", C "C" }
    /// XYZ class of a product in a store, by how evenly it is asked for from week to week: X the most even.
    XyzClass { X "X", Y "Y", Z "Z" }
    PurchaseOrderStatus {
        Draft "DRAFT", PendingApproval "PENDING_APPROVAL", Approved "APPROVED", Rejected "REJECTED", Ordered "ORDERED",
        PartiallyReceived "PARTIALLY_RECEIVED", Received "RECEIVED", Closed "CLOSED", Cancelled "CANCELLED",
    }
    BlanketOrderStatus { Draft "DRAFT", Active "ACTIVE", Exhausted "EXHAUSTED", Expired "EXPIRED", Closed "CLOSED" }
    /// Kind of a charge on a purchase order.
    ChargeKind {
        Freight "FREIGHT",
        Duty "DUTY",
        Insurance "INSURANCE",
        Other "OTHER",
        /// In the order's total, and no part of what the goods cost.
        Deposit "DEPOSIT",
    }
    /// Basis on which a charge is spread over the lines of a purchase order.
    ChargeBasis { Value "VALUE", Quantity "QUANTITY", Weight "WEIGHT" }
    DiscrepancyKind { Short "SHORT", Over "OVER", Damaged "DAMAGED", WrongItem "WRONG_ITEM" }
    /// Source of the lead time that determines a day.
    LeadSource { SupplierProduct "SUPPLIER_PRODUCT", Supplier "SUPPLIER" }
    /// Stock from which goods are returned to a supplier: available or in quarantine.
    ReturnSource { Available "AVAILABLE", Quarantine "QUARANTINE" }
    /// Costing method: the cost of units that leave.
    CostingMethod {
        /// The units that came in first leave first.
        Fifo "FIFO",
        /// All units of a product have the same cost: their value divided by their number.
        MovingAverage "MOVING_AVERAGE",
    }
    /// Kind of a change of the value of stock.
    CostKind {
        Receipt "RECEIPT",
        Sale "SALE",
        Return "RETURN",
        Removal "REMOVAL",
        Correction "CORRECTION",
        Revaluation "REVALUATION",
    }
    /// Basis of the cost of a posting.
    CostBasis {
        /// Cost of the entry: stated by the caller, else the product's cost at that time.
        Stated "STATED",
        /// Cost of the units that left: from the pool, or from its oldest layers.
        Issued "ISSUED",
        /// Cost that the returned sale had taken.
        Sold "SOLD",
        /// Cost with which the reversed movement had been booked.
        Reversed "REVERSED",
        /// Average cost of the product's units at that time, as the entry has no cost.
        Average "AVERAGE",
        /// The cost is unknown and counts as 0.
        Unknown "UNKNOWN",
        /// A document set the value of the units.
        Revalued "REVALUED",
    }
    /// A document, or a step of one, that can be reversed.
    ReversedKind {
        GoodsReceipt "GOODS_RECEIPT",
        TransferShipment "TRANSFER_SHIPMENT",
        TransferReceipt "TRANSFER_RECEIPT",
        TransferClose "TRANSFER_CLOSE",
        SupplierReturn "SUPPLIER_RETURN",
        Count "COUNT",
        Sale "SALE",
        Shipment "SHIPMENT",
        ReturnRefund "RETURN_REFUND",
        ReturnReceipt "RETURN_RECEIPT",
        ReturnInspection "RETURN_INSPECTION",
    }
    /// A figure that a reversal changes.
    ReversalEffect {
        Status "STATUS", Received "RECEIVED", Damaged "DAMAGED", Open "OPEN", Shipped "SHIPPED", Lost "LOST", Returned "RETURNED",
        Credit "CREDIT", Fulfilled "FULFILLED", Cancelled "CANCELLED", Refunded "REFUNDED", Inspected "INSPECTED",
        OnHand "ON_HAND", Reserved "RESERVED", Unavailable "UNAVAILABLE", Incoming "INCOMING", InTransit "IN_TRANSIT", Value "VALUE",
    }
    AlertState { Open "OPEN", Acknowledged "ACKNOWLEDGED", Snoozed "SNOOZED", Resolved "RESOLVED" }
    /// Collection of e-mails about alerts.
    AlertDigest { None "NONE", Hourly "HOURLY", Daily "DAILY" }
    /// A backup that is made, or one that is restored beside the database and proven.
    BackupKind { Backup "BACKUP", Drill "DRILL" }
    BackupState { Running "RUNNING", Done "DONE", Failed "FAILED" }
    /// Rule by which a saved view is sent.
    SchedulePeriod { Hourly "HOURLY", Daily "DAILY", Weekdays "WEEKDAYS", Weekly "WEEKLY", Monthly "MONTHLY" }
    /// Status of a schedule of a saved view.
    ScheduleStatus { Active "ACTIVE", Paused "PAUSED", Broken "BROKEN" }
    /// Format of a table of a saved view.
    TableFormat { Csv "CSV", Jsonl "JSONL", Xlsx "XLSX", Pdf "PDF", Parquet "PARQUET" }
    /// Rows that an export schedule writes.
    ExportEntity { DemandFacts "DEMAND_FACTS", Movements "MOVEMENTS", Orders "ORDERS", Stock "STOCK" }
    /// Format of the files of an export schedule.
    ExportFormat { Parquet "PARQUET", Csv "CSV", Jsonl "JSONL" }
    /// Status of an export schedule.
    ExportScheduleStatus { Active "ACTIVE", Paused "PAUSED" }
}
