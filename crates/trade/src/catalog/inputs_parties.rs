//! Inputs of stores, customers, suppliers and channels.

use async_graphql::{ID, InputObject, MaybeUndefined};
use inventory::catalog::core::{
    Patch,
    channel::ChannelFields,
    company::{ReachFields, TermsFields},
    customer::CustomerFields,
    customer_details::CustomerDetailsFields,
    store::{Life, StoreFields},
    supplier::SupplierFields,
};

use super::{
    anomaly_limits::StoreAnomalyLimitsInput,
    calendar::SupplierCalendarInput,
    company::{PartyAddressInput, PartyContactInput, PaymentTermsInput, TaxIdInput, all},
    enums,
    handling::HandlingTimeInput,
    inputs::{money, text},
    money_input::MoneyInput,
    refs::{CustomerRef, StoreRef, SupplierRef},
};
use crate::{
    graphql::{reading::patch, scalars::Long},
    row_names,
};

/// A new store.
#[derive(Debug, Clone, InputObject)]
pub struct StoreCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Code of the store, at most 64 characters, unique in the tenant; case is ignored.
    pub code: String,
    /// Name of the store, at most 255 characters.
    pub name: String,
    /// Kind of the store. Default SHOP.
    #[graphql(default_with = "enums::StoreKind::Shop")]
    pub kind: enums::StoreKind,
    /// IANA time zone of the store's business days. Null for the tenant's.
    pub time_zone: Option<String>,
    /// Contacts at the store, at most 20. Null for none.
    pub contacts: Option<Vec<PartyContactInput>>,
    /// Address of the store. Null for none.
    pub address: Option<PartyAddressInput>,
    /// Tax numbers of the store, at most 10. Null for none.
    pub tax_ids: Option<Vec<TaxIdInput>>,
    /// Payment terms of the store. Null for none.
    pub payment_terms: Option<PaymentTermsInput>,
    /// Time that the store takes from an order to its shipment. Null for none.
    pub handling_time: Option<HandlingTimeInput>,
    /// Limits of anomalies in the store. Null for the tenant's.
    pub anomaly_limits: Option<StoreAnomalyLimitsInput>,
}
impl From<StoreCreateInput> for StoreFields {
    fn from(input: StoreCreateInput) -> Self {
        Self {
            code: Patch::Set(input.code),
            name: Patch::Set(input.name),
            kind: Patch::Set(input.kind.into()),
            time_zone: input.time_zone.into(),
            life: Life::AsItIs,
            reach: ReachFields { contacts: input.contacts.map(all).into(), address: input.address.map(Into::into).into() },
            terms: TermsFields {
                tax_ids: input.tax_ids.map(all).into(),
                payment_terms: input.payment_terms.map(Into::into).into(),
            },
            handling_time: input.handling_time.map(Into::into).into(),
            anomaly_limits: input.anomaly_limits.map(Into::into).into(),
        }
    }
}

/// A change of a store. Fields that are left out stay as they are. Null clears a field, and is refused with REQUIRED
/// where one must have a value.
#[derive(Debug, Clone, InputObject)]
pub struct StoreUpdateInput {
    /// ID of the store. Needed unless `store` names it.
    pub id: Option<ID>,
    /// The store, instead of `id`. Null where `id` is given.
    pub store: Option<StoreRef>,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Code of the store, unique in the tenant; case is ignored.
    pub code: MaybeUndefined<String>,
    /// Name of the store, at most 255 characters.
    pub name: MaybeUndefined<String>,
    /// Kind of the store.
    pub kind: MaybeUndefined<enums::StoreKind>,
    /// IANA time zone of the store's business days from now on.
    pub time_zone: MaybeUndefined<String>,
    /// Contacts at the store, at most 20.
    pub contacts: MaybeUndefined<Vec<PartyContactInput>>,
    /// Address of the store.
    pub address: MaybeUndefined<PartyAddressInput>,
    /// Tax numbers of the store, at most 10.
    pub tax_ids: MaybeUndefined<Vec<TaxIdInput>>,
    /// Payment terms of the store.
    pub payment_terms: MaybeUndefined<PaymentTermsInput>,
    /// Time that the store takes from an order to its shipment, for works that are made from now on and for orders whose requestedFor changes. Null for
    /// none.
    pub handling_time: MaybeUndefined<HandlingTimeInput>,
    /// Limits of anomalies that the store has of its own, from the next judging on. Null for the tenant's.
    pub anomaly_limits: MaybeUndefined<StoreAnomalyLimitsInput>,
}
row_names!("store": store of StoreUpdateInput);
impl From<StoreUpdateInput> for StoreFields {
    fn from(input: StoreUpdateInput) -> Self {
        Self {
            code: text(input.code),
            name: text(input.name),
            kind: patch(input.kind, Into::into),
            time_zone: text(input.time_zone),
            life: Life::AsItIs,
            reach: ReachFields { contacts: patch(input.contacts, all), address: patch(input.address, Into::into) },
            terms: TermsFields { tax_ids: patch(input.tax_ids, all), payment_terms: patch(input.payment_terms, Into::into) },
            handling_time: patch(input.handling_time, Into::into),
            anomaly_limits: patch(input.anomaly_limits, Into::into),
        }
    }
}

/// A new customer: at least one of externalRef, name and email is needed.
#[derive(Debug, Clone, InputObject)]
pub struct CustomerCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Reference of the customer in an external system, unique in the tenant; at most 255 characters. Null for none.
    pub external_ref: Option<String>,
    /// Name of the customer, at most 255 characters. Null when unknown.
    pub name: Option<String>,
    /// Country of the customer: an ISO 3166 code, or a name. Null when unknown.
    pub country: Option<String>,
    /// E-mail address of the customer. Null when unknown.
    pub email: Option<String>,
    /// Tags of the customer, at most 50 of 64 characters each, without |. Repeats count once; case is ignored.
    /// They are kept unsealed: they must not identify a person. Null for none.
    pub tags: Option<Vec<String>>,
    /// Contacts at the customer, at most 20. Null for none.
    pub contacts: Option<Vec<PartyContactInput>>,
    /// Addresses of the customer, at most 20. Null for none.
    pub addresses: Option<Vec<PartyAddressInput>>,
    /// Tax numbers of the customer, at most 10. Null for none.
    pub tax_ids: Option<Vec<TaxIdInput>>,
    /// Payment terms of the customer. Null for none.
    pub payment_terms: Option<PaymentTermsInput>,
}
impl From<CustomerCreateInput> for CustomerFields {
    fn from(input: CustomerCreateInput) -> Self {
        Self {
            external_ref: input.external_ref.into(),
            name: input.name.into(),
            country: input.country.into(),
            email: input.email.into(),
            tags: input.tags.into(),
            particulars: CustomerDetailsFields {
                contacts: input.contacts.map(all).into(),
                addresses: input.addresses.map(all).into(),
                terms: TermsFields {
                    tax_ids: input.tax_ids.map(all).into(),
                    payment_terms: input.payment_terms.map(Into::into).into(),
                },
            },
        }
    }
}

/// A change of a customer. Fields that are left out stay as they are; null clears.
#[derive(Debug, Clone, InputObject)]
pub struct CustomerUpdateInput {
    /// ID of the customer. Needed unless `customer` names it.
    pub id: Option<ID>,
    /// The customer, instead of `id`. Null where `id` is given.
    pub customer: Option<CustomerRef>,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Reference of the customer in an external system, unique in the tenant; at most 255 characters.
    pub external_ref: MaybeUndefined<String>,
    /// Name of the customer, at most 255 characters.
    pub name: MaybeUndefined<String>,
    /// Country of the customer: an ISO 3166 code, or a name.
    pub country: MaybeUndefined<String>,
    /// E-mail address of the customer.
    pub email: MaybeUndefined<String>,
    /// Tags of the customer, at most 50 of 64 characters each, without |. Repeats count once; case is ignored. Null for
    /// none. They are kept unsealed: they must not identify a person.
    pub tags: MaybeUndefined<Vec<String>>,
    /// Contacts at the customer, at most 20. Null for none.
    pub contacts: MaybeUndefined<Vec<PartyContactInput>>,
    /// Addresses of the customer, at most 20. Null for none.
    pub addresses: MaybeUndefined<Vec<PartyAddressInput>>,
    /// Tax numbers of the customer, at most 10. Null for none.
    pub tax_ids: MaybeUndefined<Vec<TaxIdInput>>,
    /// Payment terms of the customer. Null clears them.
    pub payment_terms: MaybeUndefined<PaymentTermsInput>,
}
row_names!("customer": customer of CustomerUpdateInput);
impl From<CustomerUpdateInput> for CustomerFields {
    fn from(input: CustomerUpdateInput) -> Self {
        Self {
            external_ref: text(input.external_ref),
            name: text(input.name),
            country: text(input.country),
            email: text(input.email),
            tags: patch(input.tags, |tags| tags),
            particulars: CustomerDetailsFields {
                contacts: patch(input.contacts, all),
                addresses: patch(input.addresses, all),
                terms: TermsFields { tax_ids: patch(input.tax_ids, all), payment_terms: patch(input.payment_terms, Into::into) },
            },
        }
    }
}

/// A new supplier.
#[derive(Debug, Clone, InputObject)]
pub struct SupplierCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Code of the supplier, at most 64 characters, unique in the tenant; case is ignored.
    pub code: String,
    /// Name of the supplier, at most 255 characters.
    pub name: String,
    /// Lead time from ordering to receiving, in days: 0 to 3,650. Null when unknown.
    pub lead_time_days: Option<i32>,
    /// E-mail address for purchase orders. Null for none.
    pub email: Option<String>,
    /// Contacts at the supplier, at most 20. Null for none.
    pub contacts: Option<Vec<PartyContactInput>>,
    /// Address of the supplier. Null for none.
    pub address: Option<PartyAddressInput>,
    /// Tax numbers of the supplier, at most 10. Null for none.
    pub tax_ids: Option<Vec<TaxIdInput>>,
    /// Payment terms of the supplier. Null for none.
    pub payment_terms: Option<PaymentTermsInput>,
    /// Least value of the goods of an order, without charges. Null or 0 for none.
    pub minimum_order_value: Option<MoneyInput>,
    /// Days on which the supplier takes orders and delivers. Null for any day.
    pub calendar: Option<SupplierCalendarInput>,
}
impl From<SupplierCreateInput> for SupplierFields {
    fn from(input: SupplierCreateInput) -> Self {
        Self {
            code: Patch::Set(input.code),
            name: Patch::Set(input.name),
            lead_time_days: input.lead_time_days.into(),
            email: input.email.into(),
            reach: ReachFields { contacts: input.contacts.map(all).into(), address: input.address.map(Into::into).into() },
            terms: TermsFields {
                tax_ids: input.tax_ids.map(all).into(),
                payment_terms: input.payment_terms.map(Into::into).into(),
            },
            minimum_order: input.minimum_order_value.map(money).into(),
            calendar: input.calendar.map(Into::into).into(),
        }
    }
}

/// A change of a supplier. Fields that are left out stay as they are. Null clears a field, and is refused with REQUIRED
/// where one must have a value.
#[derive(Debug, Clone, InputObject)]
pub struct SupplierUpdateInput {
    /// ID of the supplier. Needed unless `supplier` names it.
    pub id: Option<ID>,
    /// The supplier, instead of `id`. Null where `id` is given.
    pub supplier: Option<SupplierRef>,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Code of the supplier, unique in the tenant; case is ignored.
    pub code: MaybeUndefined<String>,
    /// Name of the supplier, at most 255 characters.
    pub name: MaybeUndefined<String>,
    /// Lead time from ordering to receiving, in days: 0 to 3,650. Null clears.
    pub lead_time_days: MaybeUndefined<i32>,
    /// E-mail address for purchase orders.
    pub email: MaybeUndefined<String>,
    /// Contacts at the supplier, at most 20.
    pub contacts: MaybeUndefined<Vec<PartyContactInput>>,
    /// Address of the supplier.
    pub address: MaybeUndefined<PartyAddressInput>,
    /// Tax numbers of the supplier, at most 10.
    pub tax_ids: MaybeUndefined<Vec<TaxIdInput>>,
    /// Payment terms of the supplier.
    pub payment_terms: MaybeUndefined<PaymentTermsInput>,
    /// Least value of the goods of an order, without charges. Null or 0 for none.
    pub minimum_order_value: MaybeUndefined<MoneyInput>,
    /// Days on which the supplier takes orders and delivers, all of them. Null for any day.
    pub calendar: MaybeUndefined<SupplierCalendarInput>,
}
row_names!("supplier": supplier of SupplierUpdateInput);
impl From<SupplierUpdateInput> for SupplierFields {
    fn from(input: SupplierUpdateInput) -> Self {
        Self {
            code: text(input.code),
            name: text(input.name),
            lead_time_days: patch(input.lead_time_days, |days| days),
            email: text(input.email),
            reach: ReachFields { contacts: patch(input.contacts, all), address: patch(input.address, Into::into) },
            terms: TermsFields { tax_ids: patch(input.tax_ids, all), payment_terms: patch(input.payment_terms, Into::into) },
            minimum_order: patch(input.minimum_order_value, money),
            calendar: patch(input.calendar, Into::into),
        }
    }
}

/// A new channel.
#[derive(Debug, Clone, InputObject)]
pub struct ChannelCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Code of the channel, at most 64 characters, unique in the tenant; case is ignored.
    pub code: String,
    /// Name of the channel, at most 255 characters.
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
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// The customers, each answered by itself.
    pub rows: Vec<CustomerUpsertInput>,
}

/// A customer to be made, or changed where there is one with this reference. Fields that are left out stay as they are; null clears.
#[derive(Debug, Clone, InputObject)]
pub struct CustomerUpsertInput {
    /// Reference of the customer in an external system, by which it is found; unique in the tenant; at most 255
    /// characters.
    pub external_ref: String,
    /// Name of the customer, at most 255 characters.
    pub name: MaybeUndefined<String>,
    /// Country of the customer: an ISO 3166 code, or a name.
    pub country: MaybeUndefined<String>,
    /// E-mail address of the customer.
    pub email: MaybeUndefined<String>,
    /// Tags of the customer, at most 50 of 64 characters each, without |. Repeats count once; case is ignored. Null for
    /// none. They are kept unsealed: they must not identify a person.
    pub tags: MaybeUndefined<Vec<String>>,
    /// Contacts at the customer, at most 20. Null for none.
    pub contacts: MaybeUndefined<Vec<PartyContactInput>>,
    /// Addresses of the customer, at most 20. Null for none.
    pub addresses: MaybeUndefined<Vec<PartyAddressInput>>,
    /// Tax numbers of the customer, at most 10. Null for none.
    pub tax_ids: MaybeUndefined<Vec<TaxIdInput>>,
    /// Payment terms of the customer. Null clears them.
    pub payment_terms: MaybeUndefined<PaymentTermsInput>,
}
impl From<CustomerUpsertInput> for CustomerFields {
    fn from(input: CustomerUpsertInput) -> Self {
        Self {
            external_ref: Patch::Set(input.external_ref),
            name: text(input.name),
            country: text(input.country),
            email: text(input.email),
            tags: patch(input.tags, |tags| tags),
            particulars: CustomerDetailsFields {
                contacts: patch(input.contacts, all),
                addresses: patch(input.addresses, all),
                terms: TermsFields { tax_ids: patch(input.tax_ids, all), payment_terms: patch(input.payment_terms, Into::into) },
            },
        }
    }
}
