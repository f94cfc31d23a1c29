//! Inputs of stores, customers, suppliers and channels.

use async_graphql::{ID, InputObject, MaybeUndefined};
use inventory::catalog::core::{
    Patch,
    channel::ChannelFields,
    customer::CustomerFields,
    store::{Life, StoreFields},
    supplier::SupplierFields,
};

use super::{
    enums,
    inputs::{patch, text},
};
use crate::graphql::scalars::Long;

/// A new store.
#[derive(Debug, Clone, InputObject)]
pub struct StoreCreateInput {
    /// The same key and input give the same answer again.
    pub idempotency_key: Option<String>,
    /// Its short name, at most 64 characters, unique in any spelling of capitals.
    pub code: String,
    /// What it is called, at most 255 characters.
    pub name: String,
    /// What it is.
    #[graphql(default_with = "enums::StoreKind::Shop")]
    pub kind: enums::StoreKind,
    /// The IANA time zone of its business days; the tenant's when left out.
    pub time_zone: Option<String>,
}
impl From<StoreCreateInput> for StoreFields {
    fn from(input: StoreCreateInput) -> Self {
        Self {
            code: Patch::Set(input.code),
            name: Patch::Set(input.name),
            kind: Patch::Set(input.kind.into()),
            time_zone: input.time_zone.into(),
            life: Life::AsItIs,
        }
    }
}

/// A change of a store: what is left out stays.
#[derive(Debug, Clone, InputObject)]
pub struct StoreUpdateInput {
    /// The store.
    pub id: ID,
    /// Its version as you read it.
    pub expected_version: Long,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: Option<String>,
    /// Its short name.
    pub code: MaybeUndefined<String>,
    /// What it is called.
    pub name: MaybeUndefined<String>,
    /// What it is.
    pub kind: MaybeUndefined<enums::StoreKind>,
    /// The IANA time zone of its business days from now on.
    pub time_zone: MaybeUndefined<String>,
}
impl From<StoreUpdateInput> for StoreFields {
    fn from(input: StoreUpdateInput) -> Self {
        Self {
            code: text(input.code),
            name: text(input.name),
            kind: patch(input.kind, Into::into),
            time_zone: text(input.time_zone),
            life: Life::AsItIs,
        }
    }
}

/// The store that closes for good.
#[derive(Debug, Clone, InputObject)]
pub struct StoreArchiveInput {
    /// The store.
    pub id: ID,
    /// Its version as you read it; any when left out.
    pub expected_version: Option<Long>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: Option<String>,
}

/// A new customer: at least one of externalRef, name and email is needed.
#[derive(Debug, Clone, InputObject)]
pub struct CustomerCreateInput {
    /// The same key and input give the same answer again.
    pub idempotency_key: Option<String>,
    /// Your own key for it, unique.
    pub external_ref: Option<String>,
    /// What it is called, at most 255 characters.
    pub name: Option<String>,
    /// Its country: a code of ISO 3166, or a name.
    pub country: Option<String>,
    /// Where it can be written to.
    pub email: Option<String>,
}
impl From<CustomerCreateInput> for CustomerFields {
    fn from(input: CustomerCreateInput) -> Self {
        Self {
            external_ref: input.external_ref.into(),
            name: input.name.into(),
            country: input.country.into(),
            email: input.email.into(),
        }
    }
}

/// A change of a customer: what is left out stays, null clears.
#[derive(Debug, Clone, InputObject)]
pub struct CustomerUpdateInput {
    /// The customer.
    pub id: ID,
    /// Its version as you read it.
    pub expected_version: Long,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: Option<String>,
    /// Your own key for it, unique.
    pub external_ref: MaybeUndefined<String>,
    /// What it is called.
    pub name: MaybeUndefined<String>,
    /// Its country: a code of ISO 3166, or a name.
    pub country: MaybeUndefined<String>,
    /// Where it can be written to.
    pub email: MaybeUndefined<String>,
}
impl From<CustomerUpdateInput> for CustomerFields {
    fn from(input: CustomerUpdateInput) -> Self {
        Self {
            external_ref: text(input.external_ref),
            name: text(input.name),
            country: text(input.country),
            email: text(input.email),
        }
    }
}

/// A new supplier.
#[derive(Debug, Clone, InputObject)]
pub struct SupplierCreateInput {
    /// The same key and input give the same answer again.
    pub idempotency_key: Option<String>,
    /// Its short name, at most 64 characters, unique in any spelling of capitals.
    pub code: String,
    /// What it is called, at most 255 characters.
    pub name: String,
    /// How many days pass from ordering to receiving, at most 3650.
    pub lead_time_days: Option<i32>,
    /// Where orders are sent to.
    pub email: Option<String>,
}
impl From<SupplierCreateInput> for SupplierFields {
    fn from(input: SupplierCreateInput) -> Self {
        Self {
            code: Patch::Set(input.code),
            name: Patch::Set(input.name),
            lead_time_days: input.lead_time_days.into(),
            email: input.email.into(),
        }
    }
}

/// A change of a supplier: what is left out stays, null clears.
#[derive(Debug, Clone, InputObject)]
pub struct SupplierUpdateInput {
    /// The supplier.
    pub id: ID,
    /// Its version as you read it.
    pub expected_version: Long,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: Option<String>,
    /// Its short name.
    pub code: MaybeUndefined<String>,
    /// What it is called.
    pub name: MaybeUndefined<String>,
    /// How many days pass from ordering to receiving, at most 3650.
    pub lead_time_days: MaybeUndefined<i32>,
    /// Where orders are sent to.
    pub email: MaybeUndefined<String>,
}
impl From<SupplierUpdateInput> for SupplierFields {
    fn from(input: SupplierUpdateInput) -> Self {
        Self {
            code: text(input.code),
            name: text(input.name),
            lead_time_days: patch(input.lead_time_days, |days| days),
            email: text(input.email),
        }
    }
}

/// A new channel.
#[derive(Debug, Clone, InputObject)]
pub struct ChannelCreateInput {
    /// The same key and input give the same answer again.
    pub idempotency_key: Option<String>,
    /// Its short name, at most 64 characters, unique in any spelling of capitals.
    pub code: String,
    /// What it is called, at most 255 characters.
    pub name: String,
}
impl From<ChannelCreateInput> for ChannelFields {
    fn from(input: ChannelCreateInput) -> Self {
        Self { code: input.code, name: input.name }
    }
}

/// Customers to be made or changed, at most 500.
#[derive(Debug, Clone, InputObject)]
pub struct CustomerBulkUpsertInput {
    /// The same key and input give the same answer again.
    pub idempotency_key: Option<String>,
    /// The customers, each answered by itself.
    pub rows: Vec<CustomerUpsertInput>,
}

/// A customer who is to be forgotten.
#[derive(Debug, Clone, InputObject)]
pub struct CustomerEraseInput {
    /// The customer.
    pub id: ID,
    /// Its version as you read it; any when left out.
    pub expected_version: Option<Long>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: Option<String>,
}

/// A customer to be made, or changed where there is one with this reference: what is left out stays, null clears.
#[derive(Debug, Clone, InputObject)]
pub struct CustomerUpsertInput {
    /// Finds the customer: the caller's own key for it.
    pub external_ref: String,
    /// What it is called.
    pub name: MaybeUndefined<String>,
    /// Its country: a code of ISO 3166, or a name.
    pub country: MaybeUndefined<String>,
    /// Where it can be written to.
    pub email: MaybeUndefined<String>,
}
impl From<CustomerUpsertInput> for CustomerFields {
    fn from(input: CustomerUpsertInput) -> Self {
        Self {
            external_ref: Patch::Set(input.external_ref),
            name: text(input.name),
            country: text(input.country),
            email: text(input.email),
        }
    }
}
