//! Details of an order beside its lines: its contact, its addresses, and its steps.

use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};
use entity::prelude::{Actor as ActorKey, DeliveryMethod, OrderId, Timestamp};
use iam::access::kind;
use inventory::orders::{
    core::{self, OrderDetail},
    events::{ORDER_CANCELLED, ORDER_CREATED},
    rows::{self, CompletedStep, MAX_STEPS_SHOWN},
};
use platform::storage::TenantScope;

use super::{
    dry_run::OrderDryRun,
    enums::CancelReason,
    links::{self, Actor},
    loaders::{OrderDetailKey, OrderStepsKey, ledger, load},
};
use crate::{
    catalog::catalog_loaders,
    graphql::{context::ContextExt, fault::Answer, scalars::DateTime},
};

/// A person to reach about an order.
#[derive(Debug, Clone, SimpleObject)]
pub struct Contact {
    /// Name of the person. Null when none was given.
    pub name: Option<String>,
    /// E-mail address of the person. Null when none was given.
    pub email: Option<String>,
    /// Telephone number of the person, as it was given. Null when none was.
    pub phone: Option<String>,
    /// Role of the person in the order, as it was given. Null when none was.
    pub role: Option<String>,
}

/// Shipping or billing address of an order.
#[derive(Debug, Clone, SimpleObject)]
pub struct Address {
    /// Name at the address. Null when none was given.
    pub name: Option<String>,
    /// Company at the address. Null when none was given.
    pub company: Option<String>,
    /// Street and house, 0 to 6 lines.
    pub lines: Vec<String>,
    /// Town of the address. Null when none was given.
    pub city: Option<String>,
    /// State or county of the address. Null when none was given.
    pub region: Option<String>,
    /// Postal code of the address. Null when none was given.
    pub postal_code: Option<String>,
    /// Country of the address: an ISO 3166 code, or a name as it was given. Null when none was.
    pub country: Option<String>,
    /// Telephone number at the address, as it was given. Null when none was.
    pub phone: Option<String>,
}

impl From<core::Contact> for Contact {
    fn from(contact: core::Contact) -> Self {
        Self { name: contact.name, email: contact.email, phone: contact.phone, role: contact.role }
    }
}

impl From<core::Address> for Address {
    fn from(address: core::Address) -> Self {
        Self {
            name: address.name,
            company: address.company,
            lines: address.lines,
            city: address.city,
            region: address.region,
            postal_code: address.postal_code,
            country: address.country,
            phone: address.phone,
        }
    }
}

/// Remark on an edit that was accepted and deserves a check.
#[derive(Debug, Clone, Copy)]
pub struct Hint(pub core::Hint);

/// Remark on an edit that was accepted and deserves a check.
#[Object]
impl Hint {
    /// The kind of hint, as a word: CHARGES_UNCHANGED, TAX_UNCHANGED. More may be added.
    async fn code(&self) -> &str {
        self.0.code()
    }
    /// The hint for people.
    async fn message(&self) -> &str {
        match self.0 {
            core::Hint::ChargesUnchanged => "The order goes to another country now. Its charges are as they were.",
            core::Hint::TaxUnchanged => "A line has another price now. Its tax is as it was stated.",
        }
    }
}

/// Something that was done to an order.
pub struct OrderStep {
    action: String,
    at: Timestamp,
    actor: ActorKey,
    reason: Option<String>,
    cancel: Option<CancelReason>,
    register: Option<String>,
}

impl OrderStep {
    /// The step of placing the order, from its own row.
    pub fn placement(order: &core::Order) -> Self {
        let register = order.register.clone();
        Self { action: ORDER_CREATED.text(), at: order.created_at, actor: order.actor, reason: None, cancel: None, register }
    }
}

impl From<&CompletedStep> for OrderStep {
    fn from(step: &CompletedStep) -> Self {
        let cancel = step.cancel.map(CancelReason::from);
        let (reason, register) = (step.reason.clone(), step.register.clone());
        Self { action: step.action.clone(), at: step.at, actor: step.actor, reason, cancel, register }
    }
}

/// Step in the history of an order; each version of the order has one.
#[Object]
impl OrderStep {
    /// Type of the event that recorded the step, such as order.confirmed or order.updated.
    async fn action(&self) -> &str {
        &self.action
    }
    /// Time at which the step was recorded.
    async fn at(&self) -> DateTime {
        DateTime(self.at)
    }
    /// Member, integration or system process that took the step.
    async fn actor(&self, ctx: &Context<'_>) -> Answer<Actor> {
        links::actor(ctx, self.actor).await
    }
    /// Note or reason given with the step. Null when none was.
    async fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
    /// Reason for which the order, or quantities of its lines, were cancelled in this step; null of any other step, and when none was given.
    async fn cancel_reason(&self) -> Option<CancelReason> {
        self.cancel
    }
    /// Register at which the order was placed, or at which it, or quantities of its lines, were cancelled in this step; null of any other step, and when none
    /// was named.
    async fn register(&self) -> Option<&str> {
        self.register.as_deref()
    }
}

/// Returns the details of an order; in a dry run those that the change would leave.
pub(crate) async fn detail_of(
    ctx: &Context<'_>,
    order: OrderId,
    foreseen: Option<&Arc<OrderDetail>>,
) -> Answer<Arc<OrderDetail>> {
    if let Some(detail) = foreseen {
        return Ok(detail.clone());
    }
    Ok(load(ctx, OrderDetailKey(order)).await?.unwrap_or_else(|| Arc::new(OrderDetail::of(order))))
}

/// The decrypted personal data of an order; the audit log records that it was shown.
pub(crate) fn decrypt_personal_data(ctx: &Context<'_>, detail: &OrderDetail) -> Answer<core::Personal> {
    let permit = ctx.permit::<kind::CustomerContactRead>()?;
    let Some(sealed_data) = &detail.personal else { return Ok(core::Personal::default()) };
    catalog_loaders(ctx)?.record_order_disclosure(detail.order);
    Ok(rows::open_personal(&permit.scope(ledger(ctx)?.database()), detail.order, sealed_data)?)
}

/// Returns the shipping address of an order, decrypted for a store that sends some of it; the audit
/// log records that it was shown.
pub async fn ship_to(ctx: &Context<'_>, scope: &TenantScope, order: OrderId) -> Answer<Option<Address>> {
    Ok(delivery_address_of(ctx, scope, order).await?.map(Address::from))
}

/// The same address as the core's type.
pub async fn delivery_address_of(ctx: &Context<'_>, scope: &TenantScope, order: OrderId) -> Answer<Option<core::Address>> {
    let detail = detail_of(ctx, order, None).await?;
    let Some(sealed_data) = &detail.personal else { return Ok(None) };
    catalog_loaders(ctx)?.record_order_disclosure(order);
    Ok(rows::open_personal(scope, order, sealed_data)?.shipping_address)
}

/// Returns the delivery method of an order.
pub async fn delivery_of(ctx: &Context<'_>, order: OrderId) -> Answer<DeliveryMethod> {
    Ok(detail_of(ctx, order, None).await?.delivery_method)
}

/// Name of the person who collects an order, opened for its store: the contact's, else that of the address.
pub async fn collector_of(ctx: &Context<'_>, scope: &TenantScope, order: OrderId) -> Answer<Option<String>> {
    let detail = detail_of(ctx, order, None).await?;
    let Some(sealed_data) = &detail.personal else { return Ok(None) };
    catalog_loaders(ctx)?.record_order_disclosure(order);
    let core::Personal { contact, shipping_address, .. } = rows::open_personal(scope, order, sealed_data)?;
    let contact_name = contact.and_then(|contact| contact.name);
    Ok(contact_name.or_else(|| shipping_address.and_then(|address| address.name)))
}

/// Returns the details of an order and its personal data, which are empty for a caller who may not
/// read them.
pub async fn load_details(ctx: &Context<'_>, order: OrderId) -> Answer<(Arc<OrderDetail>, core::Personal)> {
    let detail = detail_of(ctx, order, None).await?;
    let personal =
        if ctx.holds::<kind::CustomerContactRead>() { decrypt_personal_data(ctx, &detail)? } else { core::Personal::default() };
    Ok((detail, personal))
}

/// The steps after an order was placed, the oldest first: of very many the latest ones, one more than are shown. A dry
/// run adds its own.
pub(crate) async fn steps_of(
    ctx: &Context<'_>,
    order: OrderId,
    dry_run: Option<&OrderDryRun>,
) -> Answer<Arc<Vec<CompletedStep>>> {
    let recorded_steps = load(ctx, OrderStepsKey(order)).await?.unwrap_or_default();
    let Some(dry_run) = dry_run else { return Ok(recorded_steps) };
    Ok(Arc::new(recorded_steps.iter().chain(&dry_run.steps).cloned().collect()))
}

/// The latest steps, as many as are shown.
pub fn latest_steps(steps: &[CompletedStep]) -> &[CompletedStep] {
    &steps[steps.len().saturating_sub(MAX_STEPS_SHOWN)..]
}

/// Whether an order has more steps than are shown.
pub(crate) async fn has_more_steps(ctx: &Context<'_>, order: OrderId, dry_run: Option<&OrderDryRun>) -> Answer<bool> {
    Ok(steps_of(ctx, order, dry_run).await?.len() > MAX_STEPS_SHOWN)
}

/// The step that cancelled an order.
pub(crate) async fn find_cancellation(
    ctx: &Context<'_>,
    order: OrderId,
    dry_run: Option<&OrderDryRun>,
) -> Answer<Option<CompletedStep>> {
    let steps = steps_of(ctx, order, dry_run).await?;
    Ok(steps.iter().rev().find(|step| step.action == ORDER_CANCELLED.name()).cloned())
}
