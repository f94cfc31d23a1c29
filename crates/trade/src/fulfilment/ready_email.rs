//! E-mails to customers whose goods are ready: settings of the tenant and of stores.

use async_graphql::{Context, InputObject};
use iam::access::{Permit, kind};
use inventory::{
    fulfilment::{
        core::{ReadySetting, ReadyTerms},
        events::READY_EMAIL_SET,
        rows,
        shell::{ReadyRefusal, ReadySet, ready_set},
    },
    ledger::Ledger,
};
use macros::resolvers;
use platform::{
    path,
    storage::idempotency::{CallResult, check_key},
};

use crate::{
    catalog::{Store, catalog_loaders, find_store_id},
    graphql::{
        context::ContextExt,
        fault::Answer,
        reading::read,
        refusal::{ErrorCode, UserError},
        scalars::{DateTime, Long},
    },
    orders::links::{self, StoreRef},
    papers::PaperLocale,
    payload,
};

/// A setting, and the one in force.
pub struct ReadyEmail {
    own: ReadySetting,
    in_force: ReadyTerms,
}

/// Setting of the e-mail to a customer whose goods can be collected: of the tenant, or of a store over the tenant's.
#[resolvers]
impl ReadyEmail {
    /// Store of the setting. Null for the tenant's.
    #[field(permit = StoreRead)]
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        Some(links::store(ctx, self.own.store?).await)
    }
    /// True if an e-mail is sent without being asked for. Null leaves that to the tenant's setting, which is off at first.
    async fn is_on(&self) -> Option<bool> {
        self.own.terms.is_on
    }
    /// Language of the e-mails. Null leaves that to the tenant's setting, which is EN at first.
    async fn locale(&self) -> Option<PaperLocale> {
        self.own.terms.locale.map(Into::into)
    }
    /// Text below the number, the store and the code, in lines. Null leaves that to the tenant's setting, which has none at first.
    async fn text(&self) -> Option<&str> {
        self.own.terms.text.as_deref()
    }
    /// True if an e-mail is sent without being asked for, by the setting and the tenant's behind it.
    #[field(was("sends", "2026-11-27"))]
    async fn is_sent(&self) -> bool {
        self.in_force.is_on.unwrap_or_default()
    }
    /// Language of the e-mails, by the setting and the tenant's behind it.
    async fn sends_in(&self) -> PaperLocale {
        self.in_force.locale.unwrap_or(entity::prelude::PaperLocale::English).into()
    }
    /// Text of the e-mails, by the setting and the tenant's behind it. Null when there is none.
    async fn sends_text(&self) -> Option<&str> {
        self.in_force.text.as_deref()
    }
    /// Version of the setting: 0 until it is set, +1 for each change.
    async fn version(&self) -> Long {
        Long(self.own.version)
    }
    /// Time of the last change of the setting. Null until it is set.
    async fn updated_at(&self) -> Option<DateTime> {
        self.own.updated_at.map(DateTime)
    }
}

payload!(ReadyEmailPayload, ready_email: ReadyEmail, "setting of the e-mail");

/// Setting of the e-mail to a customer whose goods can be collected. All of its fields are set.
#[derive(Debug, Clone, InputObject)]
pub struct ReadyEmailSetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Version of the setting that you saw, 0 for one that was never set; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Store of the setting. Null for the tenant's, which holds for all stores that say nothing else.
    pub store: Option<StoreRef>,
    /// True if an e-mail is sent by fulfilmentWorkReady and fulfilmentWaveReady without being asked for. Null for the tenant's setting; off where that says nothing.
    pub is_on: Option<bool>,
    /// Language of the e-mails. Null for the tenant's setting; EN where that says nothing.
    pub locale: Option<PaperLocale>,
    /// Text below the number, the store and the code, in lines: opening hours, for example. At most 1,000 characters. Null for the tenant's.
    pub text: Option<String>,
}

/// The root field that reads settings of e-mails about goods that are ready.
#[derive(Default)]
pub struct ReadyEmailQuery;

#[resolvers]
impl ReadyEmailQuery {
    /// Setting of the e-mail to a customer whose goods can be collected. Null when there is no such store.
    #[field(permit = StoreRead)]
    async fn ready_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Store of the setting. Null for the tenant's.")] store: Option<StoreRef>,
    ) -> Option<Answer<ReadyEmail>> {
        find_setting(ctx, &permit, store).await.transpose()
    }
}

async fn find_setting(
    ctx: &Context<'_>,
    permit: &Permit<kind::StoreRead>,
    store: Option<StoreRef>,
) -> Answer<Option<ReadyEmail>> {
    let store = match store {
        None => None,
        Some(store_ref) => {
            let Some(id) = find_store_id(ctx, &store_ref, &["store"]).await? else { return Ok(None) };
            // `find_store_id` returns an ID unchecked.
            let Some(store) = catalog_loaders(ctx)?.store(id).await? else { return Ok(None) };
            Some(store.id)
        }
    };
    let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
    let (own, in_force) = rows::load_ready_setting(&scope, store).await?;
    Ok(Some(ReadyEmail { own, in_force }))
}

/// The root field that changes settings of e-mails about goods that are ready.
#[derive(Default)]
pub struct ReadyEmailMutation;

#[resolvers]
impl ReadyEmailMutation {
    /// Sets whether customers get an e-mail when their goods can be collected, and its language and text: for the tenant, or for a store over that.
    #[mutation(permit = StoreWrite, emits(READY_EMAIL_SET), dry_run)]
    async fn ready_email_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The setting.")] input: ReadyEmailSetInput,
    ) -> Answer<ReadyEmailPayload> {
        if let Err(reason) = check_key(&input.idempotency_key) {
            return Ok(vec![UserError::invalid_key(reason, path!["input", "idempotencyKey"])].into());
        }
        let ReadyEmailSetInput { idempotency_key, expected_version, store, is_on, locale, text } = input;
        let store = match read(|reader| store.map(|store| reader.store(store, || path!["input", "store"]))) {
            Ok(store) => store,
            Err(errors) => return Ok(errors.into()),
        };
        let terms = ReadyTerms { is_on, locale: locale.map(Into::into), text };
        let request = ReadySet { idempotency_key, expected_version: expected_version.map(|version| version.0), store, terms };
        Ok(match Box::pin(ready_set(ctx.required_data::<Ledger>()?, permit, request, dry_run)).await {
            Ok(CallResult { value: (own, in_force), seq, is_replayed }) => ReadyEmailPayload {
                ready_email: Some(ReadyEmail { own, in_force }),
                user_errors: Vec::new(),
                replayed: is_replayed,
                seq: seq.map(Long),
            },
            Err(refusal) => vec![ready_email_error(refusal)?].into(),
        })
    }
}

fn ready_email_error(refusal: ReadyRefusal) -> Answer<UserError> {
    Ok(match refusal {
        ReadyRefusal::Fault(fault) => return Err(fault.into()),
        ReadyRefusal::NoStore => UserError::not_found("store", path!["input", "store"]),
        ReadyRefusal::Text { most } => {
            let message = format!("at most {most} characters in lines are expected");
            UserError::new(ErrorCode::Invalid, message, path!["input", "text"])
        }
        ReadyRefusal::Stale(version) => {
            let message = format!("the setting has changed: its version is {version}");
            UserError::new(ErrorCode::VersionConflict, message, path!["input", "expectedVersion"])
        }
        ReadyRefusal::KeyReused => UserError::key_reused(path!["input", "idempotencyKey"]),
    })
}
