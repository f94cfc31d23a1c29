//! Purchase orders and returns to suppliers: the callers' input, and its conversion into commands.
//! Suppliers' catalogues, reorder policies, and suggestions.

mod act;
mod amend;
mod authorized_order;
mod blanket;
mod charges;
mod confirm;
mod create;
mod fixed_rate;
mod input;
mod mail;
mod merge;
mod plan;
mod policy;
mod receive;
mod returns;
mod reverse;
mod suppliers;
mod supply;
mod supply_batch;
mod supply_call;
mod supply_archiving;
mod audit_fields;
mod unmerge;

pub use act::{
    purchase_order_approve, purchase_order_cancel, purchase_order_close, purchase_order_order, purchase_order_reject,
    purchase_order_submit,
};
pub use amend::purchase_order_amend;
pub use blanket::{
    BlanketOrderAct, BlanketOrderCreate, BlanketOrderLine, BlanketOrderUpdate, blanket_order_activate, blanket_order_close,
    blanket_order_create, blanket_order_update, latest_local_date, step_command as blanket_step,
};
pub use confirm::purchase_order_confirm;
pub use create::{purchase_order_create, purchase_order_update, reorder_order};
pub use input::{
    BlanketRef, ConfirmedLine, MAX_CHARGES, MAX_LINES, MAX_LOTS, MAX_PERCENT, NewCharge, NewPurchaseLine, NewReturnLine,
    PurchaseLineSet, PurchaseOrderAct, PurchaseOrderAmend, PurchaseOrderConfirm, PurchaseOrderCreate, PurchaseOrderReceive,
    PurchaseOrderUpdate, PurchaseStart, ReceivedLine, ReceivedLot, ReorderLine, ReorderOrder, SupplierRef, SupplierReturnCreate,
    WrongItem,
};
pub use mail::{KIND, MailRefusal, OrderToSend, SupplierEmail, is_sendable, orders_sent_by, record_sent_revision, send};
pub use merge::{MergeCounts, MergedSupplier, SupplierMerge, supplier_merge};
pub use plan::{
    MAX_SUGGESTIONS, ReorderSuggestionQuery, SupplierPerformances, SupplierPriceDrifts, suggestions, supplier_performance,
    supplier_performances, supplier_price_drifts,
};
pub use policy::{PolicyReason, PolicyRefusal, PolicyRow, PolicySet, Set, set_policies};
pub use receive::purchase_order_receive;
pub use returns::supplier_return_create;
pub use reverse::{goods_receipt_reverse, supplier_return_reverse};
pub use supply::{MAX_ROWS, SupplyRow, SupplyUpsert};
pub use supply_archiving::SupplyArchivingInput;
pub use supply_batch::{Outcome, SupplyBatch};
pub use supply_call::{archive_or_restore_supplies, upsert_supplies};
pub use unmerge::{UnmergeCounts, supplier_unmerge};
