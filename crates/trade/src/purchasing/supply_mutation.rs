//! Mutations of suppliers' catalogues, reorder rules, reorders and returns to suppliers.

use std::collections::HashMap;

use async_graphql::{Context, ID, InputObject, dataloader::DataLoader};
use iam::access::{Permit, kind};
use inventory::{
    catalog::core::archiving::Step,
    ledger::Ledger,
    purchasing::{
        events::{
            PURCHASE_ORDER_CREATED, SUPPLIER_PRODUCT_ARCHIVED, SUPPLIER_PRODUCT_CREATED, SUPPLIER_PRODUCT_RESTORED,
            SUPPLIER_PRODUCT_UPDATED, SUPPLIER_RETURN_CREATED,
        },
        shell::{self as own, self, MAX_ROWS, Outcome},
    },
    stock::{
        core::LevelKey,
        events::{STOCK_CHANGED, STOCK_POLICY_SET},
    },
};
use macros::resolvers;
use platform::path;

use super::{
    PurchaseOrderRef, check_key,
    payload::{
        PurchaseOrderPayload, PurchaseOrdersCreateFromSuggestionsPayload, ReorderPolicyPayload, SupplierProductBulkUpsertPayload,
        SupplierProductPayload, SupplierProductUpsertRow, SupplierReturnPayload,
    },
    refusal::{mail_error, reorder_policy_error, supply_error},
    supply::SupplierProduct,
    supply_inputs::{
        PurchaseOrdersCreateFromSuggestionsInput, ReorderPolicySetInput, SupplierProductArchiveInput,
        SupplierProductBulkUpsertInput, SupplierProductRestoreInput, SupplierReturnCreateInput, read_supply_change,
    },
};
use crate::{
    catalog::UpsertOutcome,
    graphql::{
        context::ContextExt,
        fault::Answer,
        reading::read,
        refusal::{ErrorCode, UserError, add_sent_values, truncate_errors},
        scalars::Long,
    },
    named, row_names, step,
    stock::{ReceiptPayload, StockLevel, StockLoader, clear_levels},
};

/// Root fields that change suppliers' catalogues and reorder policies, create orders from
/// suggestions and returns to suppliers, and send purchase orders.
#[derive(Default)]
pub struct SupplyMutation;

/// An order to send.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrderSendInput {
    /// ID of the purchase order, which is APPROVED, ORDERED or PARTIALLY_RECEIVED. Needed unless `purchaseOrder` names it.
    pub id: Option<ID>,
    /// The purchase order, instead of `id`. Null where `id` is given.
    pub purchase_order: Option<PurchaseOrderRef>,
    /// Idempotency key, 1 to 255 characters. A repeated call with the same key and input sends the order once.
    pub idempotency_key: String,
}

row_names!("purchaseOrder": purchase_order of PurchaseOrderSendInput);

/// Refuses more rows than are taken at once.
fn too_many(rows: usize, name: &str) -> Option<UserError> {
    let message = || format!("at most {MAX_ROWS} are taken in one call");
    (rows > MAX_ROWS).then(|| UserError::new(ErrorCode::LimitExceeded, message(), path!["input", name]))
}

/// Archives or restores a row, and shapes the answer.
async fn change_archived_state(
    ctx: &Context<'_>,
    permit: Permit<kind::ProductWrite>,
    change: own::SupplyArchivingInput,
) -> Answer<SupplierProductPayload> {
    let ledger = ctx.required_data::<Ledger>()?;
    let Some(batch) = own::archive_or_restore_supplies(ledger.database(), ledger.clock(), permit, change).await? else {
        let message = "this key was used before with another input";
        return Ok(SupplierProductPayload::from(vec![UserError::new(
            ErrorCode::IdempotencyKeyReused,
            message,
            path!["input", "idempotencyKey"],
        )]));
    };
    let mut payload = SupplierProductPayload {
        supplier_product: None,
        user_errors: Vec::new(),
        replayed: batch.is_replayed,
        seq: batch.seq.map(Long),
    };
    for (outcome, supply) in batch.rows {
        if let Outcome::Refused(problem) = outcome {
            payload.user_errors.push(supply_error(problem, |name| path!["input", name]));
        }
        payload.supplier_product = supply.map(std::sync::Arc::new).map(SupplierProduct);
    }
    Ok(payload)
}

/// Mutations around purchase orders.
#[resolvers]
impl SupplyMutation {
    /// Creates and updates rows of suppliers' catalogues; each row has its own result.
    #[mutation(permit = ProductWrite, emits(SUPPLIER_PRODUCT_CREATED, SUPPLIER_PRODUCT_UPDATED), dry_run(rolled_back))]
    async fn supplier_product_bulk_upsert(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The rows.")] input: SupplierProductBulkUpsertInput,
    ) -> Answer<SupplierProductBulkUpsertPayload> {
        let ledger = ctx.required_data::<Ledger>()?;
        let refused = |errors: Vec<UserError>| SupplierProductBulkUpsertPayload {
            rows: Vec::new(),
            user_errors: errors,
            replayed: false,
            seq: None,
        };
        if let Some(error) = too_many(input.rows.len(), "rows") {
            return Ok(refused(vec![error]));
        }
        let input = read(|reader| {
            check_key(reader, &input.idempotency_key);
            let rows = input.rows.into_iter().enumerate().filter_map(|(index, row)| row.read(index, reader)).collect();
            own::SupplyUpsert { idempotency_key: input.idempotency_key, rows }
        });
        let input = match input {
            Ok(input) => input,
            Err(errors) => return Ok(refused(errors)),
        };
        let Some(batch) = Box::pin(own::upsert_supplies(ledger.database(), ledger.clock(), permit, input)).await? else {
            let message = "this key was used before with another input";
            let error = UserError::new(ErrorCode::IdempotencyKeyReused, message, path!["input", "idempotencyKey"]);
            return Ok(refused(vec![error]));
        };
        let row = |(index, (outcome, supply)): (usize, (Outcome, Option<inventory::purchasing::core::Supply>))| {
            let (outcome, user_errors) = match outcome {
                Outcome::Created => (UpsertOutcome::Created, Vec::new()),
                Outcome::Updated => (UpsertOutcome::Updated, Vec::new()),
                Outcome::Unchanged => (UpsertOutcome::Unchanged, Vec::new()),
                Outcome::Refused(problem) => {
                    (UpsertOutcome::Refused, vec![supply_error(problem, |name| path!["input", "rows", index, name])])
                }
            };
            let supplier_product = supply.map(std::sync::Arc::new).map(SupplierProduct);
            SupplierProductUpsertRow { index: index as i32, outcome, supplier_product, user_errors }
        };
        Ok(SupplierProductBulkUpsertPayload {
            rows: batch.rows.into_iter().enumerate().map(row).collect(),
            user_errors: Vec::new(),
            replayed: batch.is_replayed,
            seq: batch.seq.map(Long),
        })
    }

    /// Archives a row of a supplier's catalogue: lists leave it out, its terms are not bought by, and it is not the preferred row any more. Orders keep
    /// what they were made with.
    #[mutation(permit = ProductWrite, emits(SUPPLIER_PRODUCT_ARCHIVED), dry_run(rolled_back))]
    async fn supplier_product_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Row to archive.")] input: SupplierProductArchiveInput,
    ) -> Answer<SupplierProductPayload> {
        let names = (input.supplier, input.product);
        match read(|reader| read_supply_change(reader, input.idempotency_key, names, Step::Archive)) {
            Ok(change) => Box::pin(change_archived_state(ctx, permit, change)).await,
            Err(errors) => Ok(SupplierProductPayload::from(errors)),
        }
    }

    /// Takes an archived row of a supplier's catalogue back into use. Refused while the supplier is archived. The row is not preferred by that.
    #[mutation(permit = ProductWrite, emits(SUPPLIER_PRODUCT_RESTORED), dry_run(rolled_back))]
    async fn supplier_product_restore(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Row to restore.")] input: SupplierProductRestoreInput,
    ) -> Answer<SupplierProductPayload> {
        let names = (input.supplier, input.product);
        match read(|reader| read_supply_change(reader, input.idempotency_key, names, Step::Restore)) {
            Ok(change) => Box::pin(change_archived_state(ctx, permit, change)).await,
            Err(errors) => Ok(SupplierProductPayload::from(errors)),
        }
    }

    /// Sets when levels are filled up, and the bin locations of their products, all or none.
    #[mutation(permit = StockPolicy, emits(STOCK_POLICY_SET), was("stockPolicySet", "2026-11-25"), dry_run(rolled_back))]
    async fn reorder_policy_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The levels.")] input: ReorderPolicySetInput,
    ) -> Answer<ReorderPolicyPayload> {
        let ledger = ctx.required_data::<Ledger>()?;
        if let Some(error) = too_many(input.items.len(), "items") {
            return Ok(vec![error].into());
        }
        let input = read(|reader| {
            check_key(reader, &input.idempotency_key);
            let rows = input.items.into_iter().enumerate().map(|(index, item)| item.read(index, reader)).collect();
            own::PolicySet { idempotency_key: input.idempotency_key, rows }
        });
        let input = match input {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        let outcome = match Box::pin(own::set_policies(ledger.database(), ledger.clock(), permit, input)).await? {
            Ok(outcome) => outcome,
            Err(refusals) => {
                let mut errors = truncate_errors(refusals.into_iter().map(reorder_policy_error));
                add_sent_values(ctx, &mut errors);
                return Ok(errors.into());
            }
        };
        clear_levels(ctx);
        let keys: Vec<LevelKey> =
            outcome.levels.iter().map(|(product, store)| LevelKey { product: *product, store: *store }).collect();
        let mut levels_by_key: HashMap<LevelKey, StockLevel> = if outcome.would_be.is_empty() {
            let levels_by_key = ctx.lazy::<DataLoader<StockLoader>>()?.load_many(keys.clone()).await?;
            levels_by_key.into_iter().map(|(key, level)| (key, level.into())).collect()
        } else {
            outcome.would_be.into_iter().map(|(level, bin)| (level.key, StockLevel::from_dry_run(level, bin))).collect()
        };
        let levels = keys.iter().filter_map(|key| levels_by_key.remove(key)).collect();
        Ok(ReorderPolicyPayload { levels, user_errors: Vec::new(), replayed: outcome.is_replayed, seq: outcome.seq.map(Long) })
    }

    /// Creates draft purchase orders from the given lines, one for each supplier, store and
    /// currency, all or none.
    #[mutation(permit = PurchaseWrite, emits(PURCHASE_ORDER_CREATED), was("reorderOrder", "2026-11-25"), dry_run)]
    async fn purchase_orders_create_from_suggestions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Products to order.")] input: PurchaseOrdersCreateFromSuggestionsInput,
    ) -> Answer<PurchaseOrdersCreateFromSuggestionsPayload> {
        step!(PurchaseOrdersCreateFromSuggestionsPayload, ctx, permit, input, shell::reorder_order, dry_run)
    }

    /// Sends goods back to their supplier: stock leaves, and what is credited is noted.
    #[mutation(permit = PurchaseReceive, emits(SUPPLIER_RETURN_CREATED, STOCK_CHANGED), dry_run)]
    async fn supplier_return_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The return.")] input: SupplierReturnCreateInput,
    ) -> Answer<SupplierReturnPayload> {
        step!(packs SupplierReturnPayload, ctx, permit, input, shell::supplier_return_create, dry_run)
    }

    /// Mails an order to its supplier, as a page that prints. It is sent by a job: see jobs for what became of it.
    #[mutation(permit = PurchaseWrite, dry_run(rolled_back))]
    async fn purchase_order_send(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Purchase order to send.")] input: PurchaseOrderSendInput,
    ) -> Answer<PurchaseOrderPayload> {
        named!(ctx, input, PurchaseOrderPayload, {
            let ledger = ctx.required_data::<Ledger>()?;
            let read = read(|reader| {
                check_key(reader, &input.idempotency_key);
                (reader.row(input.id), input.idempotency_key)
            });
            let send_request = match read {
                Ok(send_request) => send_request,
                Err(errors) => return Ok(errors.into()),
            };
            Ok(match Box::pin(own::send(ledger.database(), ledger.clock(), permit, send_request)).await? {
                Ok(outcome) => PurchaseOrderPayload::unchanged(outcome.order, outcome.is_replayed),
                Err(refusal) => vec![mail_error(refusal)].into(),
            })
        })
    }
}
