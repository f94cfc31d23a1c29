//! Inputs that archive and restore master data: each names one object, by its ID or by a reference.

use async_graphql::{ID, InputObject};
use inventory::catalog::shell::RowRef;
use platform::path;

use super::refs::{CategoryRef, ChannelRef, CustomerRef, ProductRef, StoreRef, SupplierRef};
use crate::{
    graphql::scalars::Long,
    references::{Names, record_audited_id},
};

/// The row that an update names.
pub(super) fn row_ref(id: &ID, expected_version: Option<Long>) -> RowRef {
    RowRef { id: id.0.clone(), expected_version: expected_version.map(|version| version.0) }
}

/// The row, once its reference has become an ID. The audit log names it too.
pub(super) fn resolved_row_ref(id: Option<&ID>, expected_version: Option<Long>) -> RowRef {
    let id = id.cloned().unwrap_or_default();
    record_audited_id(&id);
    row_ref(&id, expected_version)
}

/// Declares inputs that only name one object.
macro_rules! life_inputs {
    ($($(#[$doc:meta])+ $name:ident($field:ident: $reference:ty, $what:literal);)+) => {
        $(
            $(#[$doc])+
            #[derive(Debug, Clone, InputObject)]
            pub struct $name {
                #[doc = concat!("ID of the ", $what, ". Needed unless `", $what, "` names it.")]
                pub id: Option<ID>,
                #[doc = concat!("The ", $what, ", instead of `id`. Null where `id` is given.")]
                pub $field: Option<$reference>,
                /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
                pub expected_version: Option<Long>,
                /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
                pub idempotency_key: Option<String>,
            }

            impl $name {
                pub fn names(&mut self) -> Names<'_> {
                    Names::of(path!["input"]).required((stringify!($field), self.$field.take()), ("id", &mut self.id))
                }
                /// The row, once its reference has become an ID.
                pub fn row_ref(&self) -> RowRef {
                    resolved_row_ref(self.id.as_ref(), self.expected_version)
                }
            }
        )+
    };
}

life_inputs! {
    /// The store that closes for good.
    StoreArchiveInput(store: StoreRef, "store");
    /// The store that comes back into use.
    StoreRestoreInput(store: StoreRef, "store");
    /// The supplier that goes out of use.
    SupplierArchiveInput(supplier: SupplierRef, "supplier");
    /// The supplier that comes back into use.
    SupplierRestoreInput(supplier: SupplierRef, "supplier");
    /// The customer that goes out of use.
    CustomerArchiveInput(customer: CustomerRef, "customer");
    /// The customer that comes back into use.
    CustomerRestoreInput(customer: CustomerRef, "customer");
    /// A customer who is to be forgotten.
    CustomerEraseInput(customer: CustomerRef, "customer");
    /// The channel that goes out of use.
    ChannelArchiveInput(channel: ChannelRef, "channel");
    /// The channel that comes back into use.
    ChannelRestoreInput(channel: ChannelRef, "channel");
    /// The category that comes back into use.
    CategoryRestoreInput(category: CategoryRef, "category");
    /// The product that is no longer used.
    ProductArchiveInput(product: ProductRef, "product");
}
