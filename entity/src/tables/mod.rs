//! One struct for each table, with the migrated columns. `tests/servers/databases/tables.rs`
//! compares them with both databases.

pub mod alert;
pub mod alert_follower;
pub mod alert_letter;
pub mod alert_rule;
pub mod anomaly_book;
pub mod api_key;
pub mod api_key_address;
pub mod api_key_index;
pub mod app_user;
pub mod attachment;
pub mod audit_checkpoint;
pub mod audit_entry;
pub mod audit_head;
pub mod backup_code;
pub mod backup_run;
pub mod barcode;
pub mod blanket_order;
pub mod blanket_order_line;
pub mod carrier;
pub mod category;
pub mod channel;
pub mod copy_progress;
pub mod cost_book;
pub mod cost_layer;
pub mod cost_pool;
pub mod cost_posting;
pub mod count_line;
pub mod count_try;
pub mod customer;
pub mod database_timeline;
pub mod demand_book;
pub mod demand_day;
pub mod demand_document;
pub mod demand_gone;
pub mod demand_week;
pub mod deployment_copy;
pub mod description_endpoint;
pub mod device;
pub mod document_reversal;
pub mod document_reversal_effect;
pub mod document_reversal_line;
pub mod entry;
pub mod event;
pub mod exchange;
pub mod exchange_line;
pub mod exchange_rate;
pub mod exchange_row;
pub mod export_schedule;
pub mod factor_series;
pub mod file;
pub mod forecast_pool;
pub mod forecast_run;
pub mod forecast_score;
pub mod forecast_series;
pub mod forecast_sum;
pub mod fulfilment;
pub mod fulfilment_line;
pub mod fulfilment_wave;
pub mod fulfilment_wave_work;
pub mod fulfilment_work;
pub mod fulfilment_work_line;
pub mod goods_receipt;
pub mod goods_receipt_line;
pub mod history_block;
pub mod history_sum;
pub mod hold_rule;
pub mod idempotency;
pub mod integration;
pub mod invitation;
pub mod invoice;
pub mod invoice_line;
pub mod job;
pub mod job_worker;
pub mod kit_component;
pub mod legal_entity;
pub mod link;
pub mod liquidation_line;
pub mod liquidation_plan;
pub mod liquidation_settings;
pub mod login_challenge;
pub mod login_failure;
pub mod lot;
pub mod lot_level;
pub mod member;
pub mod movement;
pub mod order_detail;
pub mod node_tags;
pub mod note;
pub mod note_edit;
pub mod note_mention;
pub mod number_pattern;
pub mod order_hold;
pub mod order_line;
pub mod order_line_barred;
pub mod order_line_part;
pub mod order_sourcing;
pub mod order_step;
pub mod outgoing_hold;
pub mod paper;
pub mod paper_settings;
pub mod parcel;
pub mod parcel_line;
pub mod parcel_line_lot;
pub mod party_merge;
pub mod payment;
pub mod policy;
pub mod product;
pub mod product_document;
pub mod product_family;
pub mod product_image;
pub mod product_name_refusal;
pub mod product_tag_refusal;
pub mod product_text_refusal;
pub mod purchase_charge;
pub mod purchase_discrepancy;
pub mod purchase_order;
pub mod purchase_order_line;
pub mod ready_setting;
pub mod refresh_token;
pub mod registration;
pub mod replenishment_budget;
pub mod replenishment_line;
pub mod replenishment_plan;
pub mod replenishment_policy;
pub mod replenishment_rule;
pub mod replenishment_scope_budget;
pub mod reservation;
pub mod return_line;
pub mod return_line_part;
pub mod return_lot;
pub mod return_match;
pub mod revaluation;
pub mod revaluation_line;
pub mod role;
pub mod role_grant;
pub mod sales_hold;
pub mod sales_order;
pub mod sales_return;
pub mod saved_view;
pub mod saved_view_link;
pub mod saved_view_schedule;
pub mod schema_compatibility;
pub mod secret_key;
pub mod server_secret;
pub mod session;
pub mod signing_key;
pub mod sourcing_rule;
pub mod stock_anomaly;
pub mod stock_count;
pub mod stock_level;
pub mod stock_span;
pub mod store;
pub mod store_group;
pub mod store_in_group;
pub mod store_legal_entity;
pub mod store_sourcing;
pub mod subject;
pub mod subject_history;
pub mod supplier;
pub mod supplier_product;
pub mod supplier_return;
pub mod supplier_return_line;
pub mod tenant;
pub mod tenant_counter;
pub mod tenant_erasure;
pub mod tenant_plan;
pub mod totp;
pub mod transfer;
pub mod transfer_line;
pub mod transfer_line_lot;
pub mod webhook_attempt;
pub mod webhook_delivery;
pub mod webhook_endpoint;

use sea_orm::{QueryResult, Value};

use crate::record::{Cells, Column, RecordError, Table, TableRecord};

/// Reads a row of all columns as its struct, and appends the struct's values.
type ReadValues = fn(&QueryResult, &mut Vec<Value>) -> Result<(), RecordError>;

/// Description of a table.
#[derive(Debug, Clone, Copy)]
pub struct Description {
    pub name: &'static str,
    pub columns: &'static [Column],
    /// The columns of the primary key.
    pub key: &'static [&'static str],
    /// Reads a row whose columns are `columns` as the table's struct, and appends a value for each of them.
    pub read: ReadValues,
}

impl Description {
    const fn of<T: Table>() -> Self {
        Self { name: T::TABLE, columns: <T as TableRecord>::COLUMNS, key: T::KEY, read: read::<T> }
    }
}

fn read<T: Table>(row: &QueryResult, values: &mut Vec<Value>) -> Result<(), RecordError> {
    T::read(&mut Cells::new(row))?.append_to(values);
    Ok(())
}

macro_rules! tables {
    ($($module:ident $name:ident),* $(,)?) => {
        $(pub use $module::Model as $name;)*
        /// Every table.
        pub const ALL: &[Description] = &[$(Description::of::<$name>()),*];
    };
}
tables! {
    alert Alert, alert_follower AlertFollower, alert_letter AlertLetter, alert_rule AlertRule, anomaly_book AnomalyBook, api_key ApiKey,
    api_key_address ApiKeyAddress, api_key_index ApiKeyIndex, app_user AppUser, attachment Attachment, audit_checkpoint AuditCheckpoint,
    audit_entry AuditEntry, audit_head AuditHead, backup_code BackupCode, backup_run BackupRun, barcode Barcode, blanket_order BlanketOrder, blanket_order_line BlanketOrderLine, carrier Carrier, category Category,
    channel Channel, copy_progress CopyProgress, cost_book CostBook, cost_layer CostLayer, cost_pool CostPool, cost_posting CostPosting,
    count_line CountLine, count_try CountTry, customer Customer, demand_book DemandBook,
    database_timeline DatabaseTimeline, demand_day DemandDay, demand_document DemandDocument, demand_gone DemandGone, demand_week DemandWeek, deployment_copy DeploymentCopy, description_endpoint DescriptionEndpoint, device Device, document_reversal DocumentReversal,
    document_reversal_effect DocumentReversalEffect, document_reversal_line DocumentReversalLine, entry Entry, event Event,
    exchange Exchange, exchange_line ExchangeLine, exchange_rate ExchangeRate, exchange_row ExchangeRow, export_schedule ExportSchedule, factor_series FactorSeries, file File, forecast_pool ForecastPool, forecast_run ForecastRun,
    forecast_score ForecastScore, forecast_series ForecastSeries, forecast_sum ForecastSum, fulfilment Fulfilment,
    fulfilment_line FulfilmentLine, fulfilment_wave FulfilmentWave, fulfilment_wave_work FulfilmentWaveWork, fulfilment_work FulfilmentWork, fulfilment_work_line FulfilmentWorkLine, goods_receipt GoodsReceipt, goods_receipt_line GoodsReceiptLine,
    history_block HistoryBlock, history_sum HistorySum, hold_rule HoldRule, idempotency Idempotency, integration Integration,
    invitation Invitation, job Job, job_worker JobWorker, kit_component KitComponent, link Link,
    liquidation_line LiquidationLine, liquidation_plan LiquidationPlan, liquidation_settings LiquidationSettings,
    login_challenge LoginChallenge, login_failure LoginFailure, lot Lot, lot_level LotLevel, member Member,
    movement Movement, order_detail OrderDetail, node_tags NodeTags, note Note, note_edit NoteEdit, note_mention NoteMention, number_pattern NumberPattern, order_hold OrderHold, order_line OrderLine, order_line_barred OrderLineBarred,
    order_line_part OrderLinePart, order_sourcing OrderSourcing, paper Paper, paper_settings PaperSettings, party_merge PartyMerge, invoice Invoice, invoice_line InvoiceLine, legal_entity LegalEntity, store_legal_entity StoreLegalEntity, parcel Parcel, parcel_line ParcelLine, parcel_line_lot ParcelLineLot, payment Payment, order_step OrderStep, outgoing_hold OutgoingHold, policy Policy, product Product, product_document ProductDocument,
    product_family ProductFamily, product_image ProductImage, product_name_refusal ProductNameRefusal, product_tag_refusal ProductTagRefusal, product_text_refusal ProductTextRefusal, purchase_charge PurchaseCharge,
    purchase_discrepancy PurchaseDiscrepancy, purchase_order PurchaseOrder, purchase_order_line PurchaseOrderLine,
    ready_setting ReadySetting, refresh_token RefreshToken, registration Registration,
    replenishment_budget ReplenishmentBudget, replenishment_line ReplenishmentLine, replenishment_plan ReplenishmentPlan, replenishment_policy ReplenishmentPolicy, replenishment_rule ReplenishmentRule, replenishment_scope_budget ReplenishmentScopeBudget, reservation Reservation, return_line ReturnLine,
    return_line_part ReturnLinePart, return_lot ReturnLot, return_match ReturnMatch, revaluation Revaluation,
    revaluation_line RevaluationLine, role Role, role_grant RoleGrant, sales_hold SalesHold, sales_order SalesOrder,
    sales_return SalesReturn, saved_view SavedView, saved_view_link SavedViewLink,
    saved_view_schedule SavedViewSchedule, schema_compatibility SchemaCompatibility, secret_key SecretKey,
    server_secret ServerSecret, session Session, signing_key SigningKey, sourcing_rule SourcingRule,
    stock_anomaly StockAnomaly, stock_count StockCount, stock_level StockLevel, stock_span StockSpan, store Store, store_group StoreGroup, store_in_group StoreInGroup,
    store_sourcing StoreSourcing, subject Subject, subject_history SubjectHistory, supplier Supplier, supplier_product SupplierProduct,
    supplier_return SupplierReturn, supplier_return_line SupplierReturnLine, tenant Tenant,
    tenant_counter TenantCounter, tenant_erasure TenantErasure, tenant_plan TenantPlan, totp Totp, transfer Transfer,
    transfer_line TransferLine, transfer_line_lot TransferLineLot, webhook_attempt WebhookAttempt,
    webhook_delivery WebhookDelivery, webhook_endpoint WebhookEndpoint,
}
