//! Taking back merges of customers, and of suppliers.

use async_graphql::{Context, ID, InputObject, SimpleObject};
use entity::id::{Kind, kind as of};
use inventory::{
    catalog::{
        Catalog,
        core::unmerge::UnmergeRequest,
        events::{CUSTOMER_UNMERGED, CUSTOMER_UPDATED, PRODUCT_UPDATED, SUPPLIER_RESTORED, SUPPLIER_UNMERGED, SUPPLIER_UPDATED},
        shell::MergedCustomer,
    },
    purchasing::{
        events::{SUPPLIER_PRODUCT_ARCHIVED, SUPPLIER_PRODUCT_RESTORED, SUPPLIER_PRODUCT_UPDATED},
        shell::{MergedSupplier, supplier_unmerge},
    },
};
use macros::resolvers;
use platform::{path, storage::idempotency::CallResult};

use super::{Customer, Supplier, merge::user_errors_of_stop, mutation_parties::visible_written_customer, payload::clear_loaders};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        reading::{InputErrors, read},
        refusal::UserError,
        scalars::Long,
    },
    purchasing::check_key,
};

/// A customer whose merge is taken back.
#[derive(Debug, Clone, InputObject)]
pub struct CustomerUnmergeInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Customer that is merged into another.
    pub id: ID,
    /// Version of the customer that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Version of the customer that it is merged into that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub into_expected_version: Option<Long>,
}

/// A supplier whose merge is taken back.
#[derive(Debug, Clone, InputObject)]
pub struct SupplierUnmergeInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Supplier that is merged into another.
    pub id: ID,
    /// Version of the supplier that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Version of the supplier that it is merged into that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub into_expected_version: Option<Long>,
}

/// Result of taking back the merge of a customer.
#[derive(SimpleObject, Default)]
pub struct CustomerUnmergePayload {
    /// The customer that is merged no longer, as it is now, or with validateOnly as it would be. Null when the change was refused.
    pub customer: Option<Customer>,
    /// The customer that it was merged into, as it is now, or with validateOnly as it would be. Null when the change was refused.
    pub merged_into: Option<Customer>,
    /// Orders that are listed with the customer alone again. Null when the change was refused.
    pub orders: Option<Long>,
    /// Returns that are listed with the customer alone again. Null when the change was refused.
    pub returns: Option<Long>,
    /// Reasons for which the change was refused; empty when it was made, or with validateOnly would be.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The last event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

/// Result of taking back the merge of a supplier.
#[derive(SimpleObject, Default)]
pub struct SupplierUnmergePayload {
    /// The supplier that is merged no longer, as it is now, or with validateOnly as it would be. Null when the change was refused.
    pub supplier: Option<Supplier>,
    /// The supplier that it was merged into, as it is now, or with validateOnly as it would be. Null when the change was refused.
    pub merged_into: Option<Supplier>,
    /// Products that name the supplier again. Null when the change was refused.
    pub products: Option<Long>,
    /// Rows of the supplier's catalogue that are in use again. Null when the change was refused.
    pub supplier_products: Option<Long>,
    /// Products and rows of the catalogue that changed since the merge, and that stay with the other. Null when the change was refused.
    pub kept: Option<Long>,
    /// Purchase orders and returns that are listed with the supplier alone again. Null when the change was refused.
    pub documents: Option<Long>,
    /// Reasons for which the change was refused; empty when it was made, or with validateOnly would be.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The last event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

impl From<Vec<UserError>> for CustomerUnmergePayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}
impl From<Vec<UserError>> for SupplierUnmergePayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

/// Reads the input of both kinds: the key, the row whose merge is undone, and the expected
/// versions.
fn unmerge_input<K: Kind>(
    reader: &mut InputErrors,
    idempotency_key: String,
    id: &ID,
    (merged_version, into_version): (Option<Long>, Option<Long>),
) -> UnmergeRequest<K> {
    check_key(reader, &idempotency_key);
    UnmergeRequest {
        idempotency_key,
        id: reader.id(id, || path!["input", "id"]),
        expected_version: merged_version.map(|version| version.0),
        into_expected_version: into_version.map(|version| version.0),
    }
}

impl CustomerUnmergeInput {
    fn read(self, reader: &mut InputErrors) -> UnmergeRequest<of::CustomerId> {
        unmerge_input(reader, self.idempotency_key, &self.id, (self.expected_version, self.into_expected_version))
    }
}

impl SupplierUnmergeInput {
    fn read(self, reader: &mut InputErrors) -> UnmergeRequest<of::SupplierId> {
        unmerge_input(reader, self.idempotency_key, &self.id, (self.expected_version, self.into_expected_version))
    }
}

/// Taking back merges of customers and of suppliers.
#[derive(Default)]
pub struct UnmergeMutation;

#[resolvers]
impl UnmergeMutation {
    /// Undoes the merge of a customer, for 30 days. The customer is separate again, with its reference, its e-mail address and
    /// its own documents; customers that were merged into it are merged into it again. Documents made for the other customer
    /// since stay with that one. Refused once one of them is erased, or the other is merged into a third.
    #[mutation(permit = CustomerMerge, emits(CUSTOMER_UNMERGED, CUSTOMER_UPDATED), step_up, dry_run(record))]
    async fn customer_unmerge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Customer whose merge to take back.")] input: CustomerUnmergeInput,
    ) -> Answer<CustomerUnmergePayload> {
        let request = match read(|reader| input.read(reader)) {
            Ok(request) => request,
            Err(errors) => return Ok(errors.into()),
        };
        let outcome = Box::pin(ctx.required_data::<Catalog>()?.customer_unmerge(permit, request, dry_run)).await;
        clear_loaders(ctx)?;
        Ok(match outcome {
            Err(stop) => user_errors_of_stop(stop)?.into(),
            Ok(CallResult { value: MergedCustomer { rows, orders, returns }, seq, is_replayed }) => CustomerUnmergePayload {
                customer: Some(visible_written_customer(ctx, rows.merged)),
                merged_into: Some(visible_written_customer(ctx, rows.into)),
                orders: Some(Long(orders)),
                returns: Some(Long(returns)),
                user_errors: Vec::new(),
                replayed: is_replayed,
                seq: seq.map(Long),
            },
        })
    }

    /// Takes the merge of a supplier back, for 30 days. The supplier is in use again, and products and rows of the catalogue that went over to the other go
    /// back where they have not changed since. Purchase orders that were made with the other since stay with that one. Refused once the other is merged
    /// into a third.
    #[mutation(
        permit = SupplierMerge,
        emits(
            SUPPLIER_UNMERGED,
            SUPPLIER_RESTORED,
            SUPPLIER_UPDATED,
            PRODUCT_UPDATED,
            SUPPLIER_PRODUCT_ARCHIVED,
            SUPPLIER_PRODUCT_RESTORED,
            SUPPLIER_PRODUCT_UPDATED
        ),
        step_up,
        dry_run(record)
    )]
    async fn supplier_unmerge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Supplier whose merge to take back.")] input: SupplierUnmergeInput,
    ) -> Answer<SupplierUnmergePayload> {
        let request = match read(|reader| input.read(reader)) {
            Ok(request) => request,
            Err(errors) => return Ok(errors.into()),
        };
        let catalog = ctx.required_data::<Catalog>()?;
        let outcome = Box::pin(supplier_unmerge((&catalog.db, &catalog.clock), permit, request, dry_run)).await;
        clear_loaders(ctx)?;
        Ok(match outcome {
            Err(stop) => user_errors_of_stop(stop)?.into(),
            Ok(CallResult { value: MergedSupplier { rows, counts }, seq, is_replayed }) => SupplierUnmergePayload {
                supplier: Some(Supplier(rows.merged.into())),
                merged_into: Some(Supplier(rows.into.into())),
                products: Some(Long(counts.products as i64)),
                supplier_products: Some(Long(counts.supplies as i64)),
                kept: Some(Long(counts.stay as i64)),
                documents: Some(Long(counts.documents)),
                user_errors: Vec::new(),
                replayed: is_replayed,
                seq: seq.map(Long),
            },
        })
    }
}
