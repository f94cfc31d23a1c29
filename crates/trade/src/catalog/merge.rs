//! Merging customers, and suppliers.

use async_graphql::{Context, Enum, ID, InputObject, SimpleObject};
use entity::id::{Kind, kind as of};
use inventory::{
    catalog::{
        Catalog,
        core::merge::MergeRequest,
        events::{CUSTOMER_MERGED, CUSTOMER_UPDATED, PRODUCT_UPDATED, SUPPLIER_ARCHIVED, SUPPLIER_MERGED, SUPPLIER_UPDATED},
        shell::{MergeStop, MergedCustomer},
    },
    purchasing::{
        core::Terms,
        events::{SUPPLIER_PRODUCT_ARCHIVED, SUPPLIER_PRODUCT_CREATED, SUPPLIER_PRODUCT_UPDATED},
        shell::{MergedSupplier, SupplierMerge, supplier_merge},
    },
};
use macros::resolvers;
use platform::{path, storage::idempotency::CallResult};

use super::{
    Customer, Supplier,
    mutation_parties::visible_written_customer,
    payload::clear_loaders,
    refs::{CustomerRef, SupplierRef},
    refusal::user_error,
};
use crate::{
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        reading::{InputErrors, read},
        refusal::{UserError, user_errors_of},
        scalars::Long,
    },
    named,
    purchasing::check_key,
    references::Names,
};

/// Difference that does not keep two from being one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum MergeDifference {
    /// Both have tax numbers, and none in common.
    TaxIds,
}

/// Terms that stay where two suppliers that are merged offer the same product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum MergeTerms {
    /// Terms of the supplier that stays.
    Survivor,
    /// Terms of the supplier that is merged.
    Merged,
}

impl From<MergeTerms> for Terms {
    fn from(terms: MergeTerms) -> Self {
        match terms {
            MergeTerms::Survivor => Self::Survivor,
            MergeTerms::Merged => Self::Merged,
        }
    }
}

/// Two customers to merge.
#[derive(Debug, Clone, InputObject)]
pub struct CustomerMergeInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the customer that is merged into the other. Needed unless `customer` names it.
    pub id: Option<ID>,
    /// The customer that is merged into the other, instead of `id`. Null where `id` is given.
    pub customer: Option<CustomerRef>,
    /// Version of the customer that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Deprecated form of `into`: its ID.
    #[graphql(deprecation = "2026-11-28: use into. Removed after 2027-11-28.")]
    pub into_id: Option<ID>,
    /// Customer that stays. Required, unless the deprecated `intoId` is given.
    pub into: Option<CustomerRef>,
    /// Version of the customer that stays that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub into_expected_version: Option<Long>,
    /// Differences in spite of which both are one. Default none.
    #[graphql(default)]
    pub accept: Vec<MergeDifference>,
}

/// Two suppliers to merge.
#[derive(Debug, Clone, InputObject)]
pub struct SupplierMergeInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the supplier that is merged into the other. Needed unless `supplier` names it.
    pub id: Option<ID>,
    /// The supplier that is merged into the other, instead of `id`. Null where `id` is given.
    pub supplier: Option<SupplierRef>,
    /// Version of the supplier that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Deprecated form of `into`: its ID.
    #[graphql(deprecation = "2026-11-28: use into. Removed after 2027-11-28.")]
    pub into_id: Option<ID>,
    /// Supplier that stays. Required, unless the deprecated `intoId` is given.
    pub into: Option<SupplierRef>,
    /// Version of the supplier that stays that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub into_expected_version: Option<Long>,
    /// Differences in spite of which both are one. Default none.
    #[graphql(default)]
    pub accept: Vec<MergeDifference>,
    /// Terms that stay where both offer a product on different terms. Null refuses the merge then.
    pub supplier_products: Option<MergeTerms>,
}

/// Result of merging two customers.
#[derive(SimpleObject, Default)]
pub struct CustomerMergePayload {
    /// The customer that stays, as it is now, or with validateOnly as it would be. Null when the change was refused.
    pub customer: Option<Customer>,
    /// The customer that was merged, as it is now, or with validateOnly as it would be. Null when the change was refused.
    pub merged: Option<Customer>,
    /// Orders that keep the customer that was merged. Null when the change was refused.
    pub orders: Option<Long>,
    /// Returns that keep the customer that was merged. Null when the change was refused.
    pub returns: Option<Long>,
    /// Reasons for which the change was refused; empty when it was made, or with validateOnly would be.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The last event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

/// Result of merging two suppliers.
#[derive(SimpleObject, Default)]
pub struct SupplierMergePayload {
    /// The supplier that stays, as it is now, or with validateOnly as it would be. Null when the change was refused.
    pub supplier: Option<Supplier>,
    /// The supplier that was merged, as it is now, or with validateOnly as it would be. Null when the change was refused.
    pub merged: Option<Supplier>,
    /// Products that name the supplier that stays in place of the other. Null when the change was refused.
    pub products: Option<Long>,
    /// Rows of the catalogue that went over to the supplier that stays, or gave way to its own. Null when the change was refused.
    pub supplier_products: Option<Long>,
    /// Purchase orders and returns that keep the supplier that was merged. Null when the change was refused.
    pub documents: Option<Long>,
    /// Reasons for which the change was refused; empty when it was made, or with validateOnly would be.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The last event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

impl From<Vec<UserError>> for CustomerMergePayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}
impl From<Vec<UserError>> for SupplierMergePayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

/// Reads the input of both kinds of merges: the key, the merged and the remaining row, each with
/// its expected version, and the accepted differences.
fn merge_input<K: Kind>(
    reader: &mut InputErrors,
    idempotency_key: String,
    (id, merged_version): (Option<ID>, Option<Long>),
    (into, into_version): (Option<ID>, Option<Long>),
    accept: &[MergeDifference],
) -> MergeRequest<K> {
    check_key(reader, &idempotency_key);
    MergeRequest {
        idempotency_key,
        id: reader.row(id),
        expected_version: merged_version.map(|version| version.0),
        into: reader.id(&into.unwrap_or_default(), || path!["input", "intoId"]),
        into_expected_version: into_version.map(|version| version.0),
        other_tax_ids: accept.contains(&MergeDifference::TaxIds),
    }
}

impl CustomerMergeInput {
    fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"])
            .required(("customer", self.customer.take()), ("id", &mut self.id))
            .required(("into", self.into.take()), ("intoId", &mut self.into_id))
    }
    fn read(self, reader: &mut InputErrors) -> MergeRequest<of::CustomerId> {
        let (merged, target) = ((self.id, self.expected_version), (self.into_id, self.into_expected_version));
        merge_input(reader, self.idempotency_key, merged, target, &self.accept)
    }
}

impl SupplierMergeInput {
    fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"])
            .required(("supplier", self.supplier.take()), ("id", &mut self.id))
            .required(("into", self.into.take()), ("intoId", &mut self.into_id))
    }
    fn read(self, reader: &mut InputErrors) -> SupplierMerge {
        let (merged, target) = ((self.id, self.expected_version), (self.into_id, self.into_expected_version));
        let request = merge_input(reader, self.idempotency_key, merged, target, &self.accept);
        SupplierMerge { ask: request, terms: self.supplier_products.map(Into::into) }
    }
}

/// Refusals are data, faults are top-level errors.
pub(super) fn user_errors_of_stop(stop: MergeStop) -> Result<Vec<UserError>, TopError> {
    user_errors_of(stop, |problem| user_error(&problem, &["input"], None))
}

/// Merging of customers and of suppliers.
#[derive(Default)]
pub struct MergeMutation;

#[resolvers]
impl MergeMutation {
    /// Merges a customer into another. The one that is merged stays and names the other in mergedInto; its orders, returns and papers keep it, and are
    /// listed with the other's. Its reference and its e-mail address find the other from then on. Erasing the other erases it, too. customerUnmerge takes
    /// it back.
    #[mutation(permit = CustomerMerge, emits(CUSTOMER_MERGED, CUSTOMER_UPDATED), step_up, dry_run(record))]
    async fn customer_merge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Customer to merge, and the customer that stays.")] input: CustomerMergeInput,
    ) -> Answer<CustomerMergePayload> {
        named!(ctx, input, CustomerMergePayload, {
            let request = match read(|reader| input.read(reader)) {
                Ok(request) => request,
                Err(errors) => return Ok(errors.into()),
            };
            let outcome = Box::pin(ctx.required_data::<Catalog>()?.customer_merge(permit, request, dry_run)).await;
            clear_loaders(ctx)?;
            Ok(match outcome {
                Err(stop) => user_errors_of_stop(stop)?.into(),
                Ok(CallResult { value: MergedCustomer { rows, orders, returns }, seq, is_replayed }) => CustomerMergePayload {
                    customer: Some(visible_written_customer(ctx, rows.into)),
                    merged: Some(visible_written_customer(ctx, rows.merged)),
                    orders: Some(Long(orders)),
                    returns: Some(Long(returns)),
                    user_errors: Vec::new(),
                    replayed: is_replayed,
                    seq: seq.map(Long),
                },
            })
        })
    }

    /// Merges a supplier into another. The one that is merged is archived and names the other in mergedInto; its purchase orders, receipts and returns keep
    /// it, and are listed with the other's. Its products and the rows of its catalogue go over to the other, at most 2,000 of each, and its code finds the
    /// other from then on. Refused while purchase orders are open with it. supplierUnmerge takes it back.
    #[mutation(
        permit = SupplierMerge,
        emits(
            SUPPLIER_MERGED,
            SUPPLIER_ARCHIVED,
            SUPPLIER_UPDATED,
            PRODUCT_UPDATED,
            SUPPLIER_PRODUCT_ARCHIVED,
            SUPPLIER_PRODUCT_CREATED,
            SUPPLIER_PRODUCT_UPDATED
        ),
        step_up,
        dry_run(record)
    )]
    async fn supplier_merge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Supplier to merge, and the supplier that stays.")] input: SupplierMergeInput,
    ) -> Answer<SupplierMergePayload> {
        named!(ctx, input, SupplierMergePayload, {
            let request = match read(|reader| input.read(reader)) {
                Ok(request) => request,
                Err(errors) => return Ok(errors.into()),
            };
            let catalog = ctx.required_data::<Catalog>()?;
            let outcome = Box::pin(supplier_merge((&catalog.db, &catalog.clock), permit, request, dry_run)).await;
            clear_loaders(ctx)?;
            Ok(match outcome {
                Err(stop) => user_errors_of_stop(stop)?.into(),
                Ok(CallResult { value: MergedSupplier { rows, counts }, seq, is_replayed }) => SupplierMergePayload {
                    supplier: Some(Supplier(rows.into.into())),
                    merged: Some(Supplier(rows.merged.into())),
                    products: Some(Long(counts.products as i64)),
                    supplier_products: Some(Long(counts.supplies as i64)),
                    documents: Some(Long(counts.documents)),
                    user_errors: Vec::new(),
                    replayed: is_replayed,
                    seq: seq.map(Long),
                },
            })
        })
    }
}
