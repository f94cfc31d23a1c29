//! Holds, which keep the goods of an order back, and the platform's own flags.

use async_graphql::{Context, ID, Object};
use entity::prelude::{Actor as ActorKey, StoreId, Timestamp};
use iam::access::{Permission, kind};
use inventory::orders::{
    core::{self, hold::FRAUD},
    rows::Flag,
};

use super::{
    dry_run::OrderDryRun,
    links::{self, Actor},
    loaders::{OrderHoldsKey, load},
};
use crate::graphql::{context::ContextExt, fault::Answer, scalars::DateTime};

/// A hold that a caller has set, or a flag.
#[derive(Clone)]
pub struct OrderHold(Source);

#[derive(Clone)]
enum Source {
    /// With the order's store.
    Set(Box<core::hold::Hold>, StoreId),
    Flag(Flag),
}

impl OrderHold {
    pub fn from_hold(hold: core::hold::Hold, store: StoreId) -> Self {
        Self(Source::Set(Box::new(hold), store))
    }
    /// A flag that is not stored.
    pub fn from_flag(order: &core::Order, reason: &str, placed_at: Timestamp) -> Self {
        Self(Source::Flag(Flag { order: order.id, reason: reason.to_owned(), placed_at, actor: ActorKey::SYSTEM }))
    }
    /// Returns the kind: programs compare it, while `reason` is a text for people.
    fn code(&self) -> &str {
        match &self.0 {
            Source::Set(hold, _) => &hold.kind,
            Source::Flag(flag) => &flag.reason,
        }
    }
    fn may_be_lifted(&self, ctx: &Context<'_>) -> Answer<bool> {
        let Source::Set(hold, store) = &self.0 else { return Ok(false) };
        let permissions = &ctx.caller()?.permissions;
        let is_permitted = |index: usize| permissions.reach(index).covers(*store);
        let may_lift = is_permitted(kind::OrderHold::INDEX) && (hold.kind != FRAUD || is_permitted(kind::OrderHoldFraud::INDEX));
        Ok(hold.lifted.is_none() && may_lift)
    }
    fn actor_key(&self) -> ActorKey {
        match &self.0 {
            Source::Set(hold, _) => hold.actor,
            Source::Flag(flag) => flag.actor,
        }
    }
}

impl From<&Flag> for OrderHold {
    fn from(flag: &Flag) -> Self {
        Self(Source::Flag(flag.clone()))
    }
}

/// The active holds of an order, the oldest first; a dry run adds those that it would set, and
/// leaves out those that it would lift. An order without holds is not queried.
pub(crate) async fn active_holds(
    ctx: &Context<'_>,
    order: &core::Order,
    dry_run: Option<&OrderDryRun>,
) -> Answer<Vec<OrderHold>> {
    if order.hold_kinds.is_empty() {
        return Ok(Vec::new());
    }
    let stored_holds = load(ctx, OrderHoldsKey(order.id)).await?.unwrap_or_default();
    let dry_run = dry_run.map(|dry_run| dry_run.holds.as_slice()).unwrap_or_default();
    let is_untouched = |hold: &&core::hold::Hold| dry_run.iter().all(|changed_hold| changed_hold.id != hold.id);
    let new_holds = dry_run.iter().filter(|hold| hold.lifted.is_none());
    Ok(stored_holds
        .iter()
        .filter(is_untouched)
        .chain(new_holds)
        .map(|hold| OrderHold::from_hold(hold.clone(), order.store))
        .collect())
}

/// A hold that keeps the goods of an order back until it is lifted, or a flag of the platform's own, which stops nothing and lifts itself. Neither changes
/// the order's status.
#[Object]
impl OrderHold {
    /// ID of the hold, by which it is lifted. Null for a flag.
    async fn id(&self) -> Option<ID> {
        match &self.0 {
            Source::Set(hold, _) => Some(ID(hold.id.to_string())),
            Source::Flag(_) => None,
        }
    }
    /// Kind as a word: CREDIT, FRAUD, ADDRESS, PAYMENT, a text of the tenant's own, or the flag SHORT or SOURCING.
    async fn kind(&self) -> &str {
        self.code()
    }
    /// Code of the reason, which is the hold's kind: CREDIT, FRAUD, ADDRESS, PAYMENT, a text of the tenant's own, or the flag SHORT or SOURCING.
    async fn reason_code(&self) -> &str {
        self.code()
    }
    /// Reason given when the hold was set; the kind again for a flag. SHORT: the order holds less stock than it has yet to
    /// deliver.
    async fn reason(&self) -> &str {
        match &self.0 {
            Source::Set(hold, _) => &hold.reason,
            Source::Flag(flag) => &flag.reason,
        }
    }
    /// Note that was added to the reason; null when there is none.
    async fn note(&self) -> Option<&str> {
        match &self.0 {
            Source::Set(hold, _) => hold.note.as_deref(),
            Source::Flag(_) => None,
        }
    }
    /// Code of the rule that set the hold; null for a hold that a member or an integration set, and for a flag.
    async fn rule_code(&self) -> Option<&str> {
        match &self.0 {
            Source::Set(hold, _) => hold.rule.as_deref(),
            Source::Flag(_) => None,
        }
    }
    /// Time at which the hold was placed.
    async fn placed_at(&self) -> DateTime {
        DateTime(match &self.0 {
            Source::Set(hold, _) => hold.placed_at,
            Source::Flag(flag) => flag.placed_at,
        })
    }
    /// Actor who placed the hold.
    async fn actor(&self, ctx: &Context<'_>) -> Answer<Actor> {
        links::actor(ctx, self.actor_key()).await
    }
    /// True if you may lift the hold by orderHoldLift: it is not lifted yet, and you have
    /// order.hold, for FRAUD also order.hold.fraud, in the order's store.
    async fn is_liftable(&self, ctx: &Context<'_>) -> Answer<bool> {
        self.may_be_lifted(ctx)
    }
    /// Deprecated name of `isLiftable`.
    #[graphql(deprecation = "2026-11-27: use isLiftable. Removed after 2027-11-27.")]
    async fn liftable(&self, ctx: &Context<'_>) -> Answer<bool> {
        self.may_be_lifted(ctx)
    }
}
