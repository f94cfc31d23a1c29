//! The root fields of sourcing.

use async_graphql::{Context, Object};
use iam::access::kind;
use inventory::{
    catalog::{Catalog, shell::IdOrKey},
    ledger::StoreRef,
    orders::{
        core::SourcingRule,
        events::SOURCING_SET,
        rows::StoreSourcing,
        shell::{SourcingRefusal, SourcingSet, set_sourcing},
    },
};
use macros::resolvers;
use platform::path;

use super::{
    payload::ledger,
    sourcing::{Sourcing, SourcingSetInput},
};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        reading::InputErrors,
        refusal::{ErrorCode, UserError, add_sent_values, truncate_errors},
        scalars::Long,
    },
    purchasing::check_key,
    stock::clear_levels,
};

/// Stores that are set in one call.
const MAX_SET: usize = 500;

/// The root fields that read how orders find their stock.
#[derive(Default)]
pub struct SourcingQuery;

/// Queries of sourcing.
#[resolvers]
impl SourcingQuery {
    /// The rule by which orders find their stock, and what stores say of themselves.
    #[field(permit = StoreRead)]
    async fn sourcing(&self, ctx: &Context<'_>) -> Answer<Sourcing> {
        Sourcing::of(ctx).await
    }
}

/// The root fields that set how orders find their stock.
#[derive(Default)]
pub struct SourcingMutation;

/// Mutations of sourcing.
#[resolvers]
impl SourcingMutation {
    /// Sets the rule by which orders find their stock, and what stores say of themselves.
    #[mutation(permit = StoreWrite, emits(SOURCING_SET), dry_run(rolled_back))]
    async fn sourcing_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The rule, and stores.")] input: SourcingSetInput,
    ) -> Answer<SourcingPayload> {
        let ledger = ledger(ctx)?;
        let request = match read(ctx, input).await? {
            Ok(request) => request,
            Err(errors) => return Ok(errors.into()),
        };
        match Box::pin(set_sourcing(ledger.database(), ledger.clock(), permit, request)).await? {
            Ok(outcome) => {
                clear_levels(ctx);
                let (would_be, replayed, seq) = (outcome.would_be, outcome.is_replayed, outcome.seq.map(Long));
                Ok(SourcingPayload { is_set: true, would_be, user_errors: Vec::new(), replayed, seq })
            }
            Err(refusals) => {
                let mut errors = truncate_errors(refusals.into_iter().map(sourcing_error));
                add_sent_values(ctx, &mut errors);
                Ok(errors.into())
            }
        }
    }
}

async fn read(ctx: &Context<'_>, input: SourcingSetInput) -> Answer<Result<SourcingSet, Vec<UserError>>> {
    let mut reader = InputErrors::default();
    check_key(&mut reader, &input.idempotency_key);
    if input.stores.len() > MAX_SET {
        reader.invalid("at most 500 stores are set in one call", || path!["input", "stores"]);
    }
    let rule = input.rule.map(|rule| rule.read(&mut reader));
    let mut stores = Vec::with_capacity(input.stores.len().min(MAX_SET));
    for (index, store_input) in input.stores.iter().enumerate().take(MAX_SET) {
        let store_sourcing = store_input.read(index, &mut reader);
        let store = match reader.store(store_input.store.clone(), || path!["input", "stores", index, "store"]) {
            StoreRef::Id(id) => Some(id),
            StoreRef::Code(code) if code.contains('\0') => None,
            StoreRef::Code(code) => {
                let permit = ctx.permit::<kind::StoreRead>()?;
                ctx.required_data::<Catalog>()?.store(permit, IdOrKey::Key(code)).await?.map(|row| row.id)
            }
        };
        stores.push(StoreSourcing { store: store.unwrap_or(store_sourcing.store), ..store_sourcing });
    }
    Ok(reader.end(SourcingSet { idempotency_key: input.idempotency_key, rule, stores }))
}

fn sourcing_error(refusal: SourcingRefusal) -> UserError {
    match refusal {
        SourcingRefusal::NoStore(index) => UserError::not_found("store", path!["input", "stores", index, "store"]),
        SourcingRefusal::Twice(index) => {
            UserError::new(ErrorCode::Duplicate, "this store stands in the list before", path!["input", "stores", index, "store"])
        }
        SourcingRefusal::KeyReused => UserError::key_reused(path!["input", "idempotencyKey"]),
    }
}

/// The answer of sourcingSet.
#[derive(Default)]
pub struct SourcingPayload {
    is_set: bool,
    /// The rule and the stores as a dry run would leave them.
    would_be: Option<(SourcingRule, Vec<StoreSourcing>)>,
    user_errors: Vec<UserError>,
    replayed: bool,
    seq: Option<Long>,
}

/// Result of a change of the sourcing rule, with the rule as it is now.
#[Object]
impl SourcingPayload {
    /// Sourcing settings after the change, or with validateOnly as they would be. Null exactly when there are userErrors.
    async fn sourcing(&self, ctx: &Context<'_>) -> Option<Answer<Sourcing>> {
        if !self.is_set {
            return None;
        }
        let Some((rule, stores)) = &self.would_be else { return Some(Sourcing::of(ctx).await) };
        let store_permit = ctx.permit::<kind::StoreRead>();
        Some(store_permit.map(|_| Sourcing { rule: *rule, stores: stores.clone() }))
    }
    /// Reasons for which nothing was changed; empty when the change was made.
    pub async fn user_errors(&self) -> &Vec<UserError> {
        &self.user_errors
    }
    /// True if the payload repeats the result of an earlier call with the same idempotency key.
    pub async fn replayed(&self) -> &bool {
        &self.replayed
    }
    /// The number of the last event of this change; null when nothing was written.
    pub async fn seq(&self) -> &Option<Long> {
        &self.seq
    }
}

impl From<Vec<UserError>> for SourcingPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}
