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
    }
    /// What a store is.
    StoreKind { Shop "SHOP", Warehouse "WAREHOUSE", Virtual "VIRTUAL" }
    /// Where a product is in its life.
    ProductStatus { Draft "DRAFT", Active "ACTIVE", Archived "ARCHIVED" }
    /// What stock means for a product.
    StockPolicy {
        Tracked "TRACKED",
        /// A service: no stock is kept.
        Untracked "UNTRACKED",
        /// May be promised beyond stock; on hand is still never negative.
        Backorder "BACKORDER",
    }
    /// Whether a product's stock is told apart below the level.
    Tracking {
        /// One unit is like another.
        None "NONE",
        /// By batches with a code and dates.
        Lot "LOT",
        /// Unit by unit: lots of one.
        Serial "SERIAL",
    }
    LotStatus { Available "AVAILABLE", Quarantine "QUARANTINE", Recalled "RECALLED" }
    /// Why stock that is there cannot be sold.
    Condition { Quarantine "QUARANTINE", Damaged "DAMAGED", Expired "EXPIRED", Recalled "RECALLED" }
    MemberStatus { Invited "INVITED", Active "ACTIVE", Suspended "SUSPENDED" }
    /// For whose eyes a note is.
    NoteAudience { Staff "STAFF", Customer "CUSTOMER" }
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
    /// How often and how evenly a product is asked for.
    DemandClass {
        Smooth "SMOOTH", Erratic "ERRATIC", Intermittent "INTERMITTENT", Lumpy "LUMPY", New "NEW", Ended "ENDED", Dormant "DORMANT",
    }
    /// How a series' forecast came about.
    ForecastStatus {
        Ready "READY", New "NEW", Dormant "DORMANT", Ended "ENDED", TooLittle "TOO_LITTLE", NaiveWasBetter "NAIVE_WAS_BETTER",
    }
    /// Whether forecasts are of products in single stores or of all stores together.
    ForecastLevel { Store "STORE", AllStores "ALL_STORES" }
    /// The movement of a product in a store whose days are judged.
    AnomalyKind { Sale "SALE", Return "RETURN", AdjustIn "ADJUST_IN", AdjustOut "ADJUST_OUT", Removal "REMOVAL" }
    /// The rule by which a day was flagged.
    AnomalyRule { Unusual "UNUSUAL", LargeLine "LARGE_LINE", ManyUsualLines "MANY_USUAL_LINES" }
    AnomalyState { Open "OPEN", Accepted "ACCEPTED" }
    /// The rule by which stock is replenished.
    ReplenishmentPolicyKind {
        MinMax "MIN_MAX", ReorderPoint "REORDER_POINT", Periodic "PERIODIC", Service "SERVICE", TargetDays "TARGET_DAYS",
    }
    ReplenishmentPlanState {
        Draft "DRAFT", Partly "PARTLY", Approved "APPROVED", Executed "EXECUTED", Superseded "SUPERSEDED",
    }
    ReplenishmentLineKind { Transfer "TRANSFER", Purchase "PURCHASE" }
    ReplenishmentLineState { Open "OPEN", Claimed "CLAIMED", Approved "APPROVED", Refused "REFUSED", Cut "CUT" }
    /// Why a line of a plan is refused or cut.
    ReplenishmentIssue {
        Stale "STALE", NoSupplier "NO_SUPPLIER", DraftRefused "DRAFT_REFUSED", OverBudget "OVER_BUDGET", OtherCurrency "OTHER_CURRENCY",
    }
    StockStatus { OutOfStock "OUT_OF_STOCK", Critical "CRITICAL", Low "LOW", Normal "NORMAL", Overstock "OVERSTOCK" }
    OrderStatus {
        Draft "DRAFT", Pending "PENDING", Confirmed "CONFIRMED", PartiallyFulfilled "PARTIALLY_FULFILLED", Fulfilled "FULFILLED", Closed "CLOSED",
        Cancelled "CANCELLED", Expired "EXPIRED",
    }
    LineKind { Product "PRODUCT", Charge "CHARGE" }
    /// How an order comes to whom it was sold to.
    DeliveryMethod {
        /// It is sent.
        Ship "SHIP",
        /// It is fetched from the store.
        Collect "COLLECT",
    }
    /// Why an order was cancelled.
    CancelReason {
        Customer "CUSTOMER", OutOfStock "OUT_OF_STOCK", Payment "PAYMENT", Fraud "FRAUD", Duplicate "DUPLICATE", Error "ERROR", Other "OTHER",
    }
    /// Which stores are asked first for an order's stock.
    SourcingStrategy { Nearest "NEAREST", MostStock "MOST_STOCK", Priority "PRIORITY" }
    /// Whether an order may come from several stores.
    SplitPolicy { Allow "ALLOW", Refuse "REFUSE" }
    FulfilmentStatus {
        Pending "PENDING", Picked "PICKED", Packed "PACKED", Shipped "SHIPPED", Delivered "DELIVERED",
        /// It did not arrive. Its row says SHIPPED, and when it failed.
        Failed "FAILED",
        Cancelled "CANCELLED",
    }
    /// Where a store's share of an order stands.
    WorkStatus {
        Open "OPEN", Accepted "ACCEPTED", Picking "PICKING", Picked "PICKED", Packed "PACKED", Ready "READY", Shipped "SHIPPED", Done "DONE",
        Rejected "REJECTED", Cancelled "CANCELLED",
    }
    /// Why a store does not send what it was asked for.
    RejectReason { NoStock "NO_STOCK", Damaged "DAMAGED", NoCapacity "NO_CAPACITY", CannotShip "CANNOT_SHIP", Other "OTHER" }
    /// What a payment fact says.
    PaymentKind { Authorisation "AUTHORISATION", Capture "CAPTURE", Void "VOID", Refund "REFUND" }
    /// How far what an order comes to is paid.
    PaymentStatus {
        NothingDue "NOTHING_DUE", Unpaid "UNPAID", PartiallyAuthorised "PARTIALLY_AUTHORISED", Authorised "AUTHORISED",
        PartiallyPaid "PARTIALLY_PAID", Paid "PAID", Overpaid "OVERPAID",
    }
    /// How much of what was captured was given back.
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
    /// Which products a count is of.
    CountKind { Full "FULL", Category "CATEGORY", Cycle "CYCLE", List "LIST" }
    CountStatus { Open "OPEN", Counting "COUNTING", Review "REVIEW", Completed "COMPLETED", Cancelled "CANCELLED" }
    /// Where a line of a count stands.
    CountLineState { Uncounted "UNCOUNTED", Counted "COUNTED", Recount "RECOUNT" }
    /// How much of a store's revenue a product brings: A the first 80 %, B the next 15, C the rest.
    AbcClass { A "A", B "B", C "C" }
    PurchaseOrderStatus {
        Draft "DRAFT", PendingApproval "PENDING_APPROVAL", Approved "APPROVED", Rejected "REJECTED", Ordered "ORDERED",
        PartiallyReceived "PARTIALLY_RECEIVED", Received "RECEIVED", Closed "CLOSED", Cancelled "CANCELLED",
    }
    /// What a charge on a purchase is for.
    ChargeKind { Freight "FREIGHT", Duty "DUTY", Insurance "INSURANCE", Other "OTHER" }
    /// What a charge is spread over the lines by.
    ChargeBasis { Value "VALUE", Quantity "QUANTITY", Weight "WEIGHT" }
    DiscrepancyKind { Short "SHORT", Over "OVER", Damaged "DAMAGED", WrongItem "WRONG_ITEM" }
    /// Whose lead time a day follows from.
    LeadSource { SupplierProduct "SUPPLIER_PRODUCT", Supplier "SUPPLIER" }
    /// What goes back to a supplier: what could be sold, or what lies in quarantine.
    ReturnSource { Available "AVAILABLE", Quarantine "QUARANTINE" }
    /// How the cost of what leaves is told.
    CostingMethod {
        /// What came in first leaves first.
        Fifo "FIFO",
        /// All of a product's units cost the same: what they are worth together, divided by their number.
        MovingAverage "MOVING_AVERAGE",
    }
    /// What changed the worth of stock.
    CostKind {
        Receipt "RECEIPT",
        Sale "SALE",
        Return "RETURN",
        Removal "REMOVAL",
        Correction "CORRECTION",
        Revaluation "REVALUATION",
    }
    /// Where the cost of a posting is taken from.
    CostBasis {
        /// What the entry says: stated by whoever posted it, else what the product was listed at then.
        Stated "STATED",
        /// What left: from the pool, or from its oldest layers.
        Issued "ISSUED",
        /// What the sale had taken that it comes back from.
        Sold "SOLD",
        /// What the movement had been booked with that it reverses.
        Reversed "REVERSED",
        /// What the product's units were worth then, as the entry says no cost.
        Average "AVERAGE",
        /// Nothing is known of its cost: it counts as 0.
        Unknown "UNKNOWN",
        /// A document said what the units are worth.
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
    }
    /// A figure that a reversal changes.
    ReversalEffect {
        Status "STATUS", Received "RECEIVED", Damaged "DAMAGED", Open "OPEN", Shipped "SHIPPED", Lost "LOST", Returned "RETURNED",
        Credit "CREDIT", Fulfilled "FULFILLED", Cancelled "CANCELLED", Refunded "REFUNDED", OnHand "ON_HAND", Reserved "RESERVED", Unavailable "UNAVAILABLE", Incoming "INCOMING", InTransit "IN_TRANSIT", Value "VALUE",
    }
    /// What an alert is about.
    AlertKind {
        LowStock "LOW_STOCK", OutOfStock "OUT_OF_STOCK", BackInStock "BACK_IN_STOCK", Overstock "OVERSTOCK", Expiring "EXPIRING",
        NegativeMargin "NEGATIVE_MARGIN", PurchaseOrderLate "PURCHASE_ORDER_LATE", TransferOverdue "TRANSFER_OVERDUE",
        CountDifference "COUNT_DIFFERENCE",
    }
    AlertState { Open "OPEN", Acknowledged "ACKNOWLEDGED", Snoozed "SNOOZED", Resolved "RESOLVED" }
    /// Whether letters about alerts are collected.
    AlertDigest { None "NONE", Hourly "HOURLY", Daily "DAILY" }
    /// A backup that is made, or one that is restored beside the database and proven.
    BackupKind { Backup "BACKUP", Drill "DRILL" }
    BackupState { Running "RUNNING", Done "DONE", Failed "FAILED" }
}
