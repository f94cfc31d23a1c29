//! Setting the look of a tenant's papers.

use entity::prelude::*;
use iam::access::{Permit, kind};
use inventory::{catalog::core::Patch, ledger::Mode};
use platform::{
    audit::{self, Fields},
    stages::{Refusals, Stage, Staged, Stop},
    storage::{
        Fault, Reads, Work,
        idempotency::{self, CallResult, EarlierUse, Key, KeyProblem, hash_of, settle},
        journal,
    },
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::service::Papers;
use crate::{
    files::{FileError, LogoError, draw::RenderedLogo},
    papers::{
        core::{DesignChanges, DesignProblem, DesignSettings, LogoFacts},
        events::{PAPER_SETTINGS_SET, PaperSettingsEvent},
        rows::{self, Settings},
    },
};

/// Input of a design. The hash of the idempotency key is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct SettingsSet {
    #[serde(skip)]
    pub idempotency_key: String,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub changes: DesignChanges,
    /// An uploaded file.
    pub logo: Patch<FileId>,
}

/// Refusal of a call that wrote nothing.
#[derive(Debug)]
pub enum SettingsRefusal {
    BadKey(KeyProblem),
    Design(DesignProblem),
    Logo(LogoError),
    /// The look was changed after it was read; its version now.
    Stale(i64),
    KeyReused,
}

impl Staged for SettingsRefusal {
    fn stage(&self) -> Stage {
        match self {
            Self::BadKey(_) => Stage::Shape,
            Self::Design(problem) => problem.stage(),
            Self::Logo(LogoError::File(_)) => Stage::Reference,
            Self::Logo(LogoError::NotDrawn | LogoError::TooManyPixels { .. }) => Stage::Value,
            Self::Stale(_) | Self::KeyReused => Stage::State,
        }
    }
}

/// A refusal or a fault: nothing was written.
pub type SettingsError = Stop<SettingsRefusal>;

/// Stored result of a call, for its idempotency key.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    seq: Option<i64>,
}

type ChangeResult = Result<CallResult<Settings>, SettingsError>;

impl Papers {
    /// Returns the design of the tenant's papers.
    pub async fn settings<P>(&self, permit: &Permit<P>) -> Result<Settings, Fault> {
        rows::settings(&permit.scope(&self.0.db)).await
    }

    /// Changes the given fields of the design.
    ///
    /// # Errors
    /// All refusals of the first stage that has any.
    pub async fn settings_set(&self, permit: Permit<kind::TenantWrite>, input: SettingsSet, mode: Mode) -> ChangeResult {
        let mut refusals = Refusals::default();
        refusals.extend(idempotency::check_key(&input.idempotency_key).err().map(SettingsRefusal::BadKey));
        refusals.extend(design_refusals(&DesignSettings::default().with(input.changes.clone())));
        refusals.end(Stage::Shape)?;
        let (owner, hash) = (permit.actor().id, hash_of(&input));
        let key = Key { owner, mutation: "paperSettingsSet", key: input.idempotency_key.clone(), hash };
        let scope = permit.scope(&self.0.db);
        // The file of an earlier call may be removed by now: a repeated call does not need it.
        let is_known = idempotency::key_use(&key, &idempotency::look_up(&scope, [&key]).await?).is_some();
        let logo = match input.logo.clone() {
            Patch::Set(file) if !is_known => match self.0.files.logo(permit.tenant(), file, permit.actor()).await {
                Err(LogoError::File(FileError::Fault(fault))) => return Err(fault.into()),
                image => Patch::Set(image),
            },
            Patch::Clear => Patch::Clear,
            _ => Patch::Keep,
        };
        let mut work = scope.begin().await?;
        let outcome = set(&mut work, self.0.clock.now(), &key, (input, logo)).await;
        settle(work, outcome, mode.is_dry()).await
    }
}

/// The drawn logo, or the reason why it could not be drawn.
type LogoPatch = Patch<Result<RenderedLogo, LogoError>>;

async fn set(work: &mut Work, now: Timestamp, key: &Key, (input, logo): (SettingsSet, LogoPatch)) -> ChangeResult {
    let earlier = idempotency::lock_and_look_up(work, key).await?;
    let before = rows::settings(work).await?;
    match earlier {
        EarlierUse::Nothing => {}
        EarlierUse::Reused => return Err(SettingsRefusal::KeyReused.into()),
        EarlierUse::Same(Receipt { seq }) => return Ok(CallResult { value: before, seq, is_replayed: true }),
    }
    let (mut design, mut bytes) = (before.design.clone().with(input.changes), before.logo.clone());
    let mut refusals = Refusals::default();
    refusals.extend(design_refusals(&design));
    match logo {
        Patch::Keep => {}
        Patch::Clear => (design.logo, bytes) = (None, None),
        Patch::Set(Ok(RenderedLogo { jpeg, width, height })) => {
            design.logo = Some(LogoFacts { width, height, sha256: hex::encode(Sha256::digest(&jpeg)) });
            bytes = Some(jpeg);
        }
        Patch::Set(Err(error)) => refusals.add(SettingsRefusal::Logo(error)),
    }
    let is_stale = input.expected_version.is_some_and(|expected| expected != before.version);
    refusals.extend(is_stale.then_some(SettingsRefusal::Stale(before.version)));
    refusals.end(Stage::State)?;
    let after = Settings { design, logo: bytes, version: before.version + 1, updated_at: Some(now) };
    rows::change_settings(work, &after, now).await?;
    let tenant = work.tenant();
    audit::changed(work, tenant, Some(&audit_fields(&before)), Some(&audit_fields(&after)), None);
    let event = PaperSettingsEvent { version: after.version };
    let seq = journal::append_other(work, vec![PAPER_SETTINGS_SET.event(&event)], now).await?;
    idempotency::keep(work, key, &Receipt { seq }, now).await?;
    Ok(CallResult { value: after, seq, is_replayed: false })
}

/// Returns the fields that the audit log compares; they belong to the tenant.
fn audit_fields(settings: &Settings) -> Fields {
    let design = &settings.design;
    let texts = design.texts.iter().map(|text| (format!("paperSettings.texts.{}", text.kind), &text.text));
    let fields = Fields::default()
        .with("paperSettings.locale", design.locale)
        .with("paperSettings.senderLines", &design.sender)
        .with("paperSettings.header", &design.header)
        .with("paperSettings.footer", &design.footer)
        .with("paperSettings.accent", &design.accent)
        .with("paperSettings.paymentDays", design.payment_days)
        .with("paperSettings.columns", &design.columns)
        .with("paperSettings.logo", design.logo.as_ref().map(|logo| &logo.sha256));
    texts.fold(fields, |fields, (path, text)| fields.with(path, text))
}

fn design_refusals(design: &DesignSettings) -> impl Iterator<Item = SettingsRefusal> {
    design.problems().into_iter().map(SettingsRefusal::Design)
}
