//! Setting the look of a tenant's papers.

use entity::prelude::*;
use iam::access::{Permit, kind};
use inventory::{catalog::core::Patch, ledger::Mode};
use platform::{
    audit::{self, Fields},
    stages::{Refusals, Stage, Staged, Stop},
    storage::{
        Fault, Reads, Work,
        idempotency::{self, Acted, Before, Key, KeyProblem, hash_of, settle},
        journal,
    },
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::service::Papers;
use crate::{
    files::{FileError, LogoError, draw::DrawnLogo},
    papers::{
        core::{LogoFacts, Look, LookChanges, LookProblem},
        events::{PAPER_SETTINGS_SET, PaperSettingsEvent},
        rows::{self, Settings},
    },
};

/// Input of a look. The hash of the idempotency key is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct SettingsSet {
    #[serde(skip)]
    pub idempotency_key: String,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub changes: LookChanges,
    /// An uploaded file.
    pub logo: Patch<FileId>,
}

/// Refusal of a call that wrote nothing.
#[derive(Debug)]
pub enum SettingsRefusal {
    BadKey(KeyProblem),
    Look(LookProblem),
    Logo(LogoError),
    /// The look was changed after it was read; its version now.
    Stale(i64),
    KeyReused,
}

impl Staged for SettingsRefusal {
    fn stage(&self) -> Stage {
        match self {
            Self::BadKey(_) => Stage::Shape,
            Self::Look(problem) => problem.stage(),
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

type Done = Result<Acted<Settings>, SettingsError>;

impl Papers {
    /// Returns the design of the tenant's papers.
    pub async fn settings<P>(&self, permit: &Permit<P>) -> Result<Settings, Fault> {
        rows::settings(&permit.scope(&self.0.db)).await
    }

    /// Changes the given fields of the look.
    ///
    /// # Errors
    /// All refusals of the first stage that has any.
    pub async fn settings_set(&self, permit: Permit<kind::TenantWrite>, input: SettingsSet, mode: Mode) -> Done {
        let mut refusals = Refusals::default();
        refusals.extend(idempotency::check_key(&input.idempotency_key).err().map(SettingsRefusal::BadKey));
        refusals.extend(look_refusals(&Look::default().with(input.changes.clone())));
        refusals.end(Stage::Shape)?;
        let (owner, hash) = (permit.actor().id, hash_of(&input));
        let key = Key { owner, mutation: "paperSettingsSet", key: input.idempotency_key.clone(), hash };
        let scope = permit.scope(&self.0.db);
        // The file of an earlier call may be removed by now: a repeated call does not need it.
        let is_known = idempotency::key_use(&key, &idempotency::look_up(&scope, [&key]).await?).is_some();
        let logo = match input.logo.clone() {
            Patch::Set(file) if !is_known => match self.0.files.logo(permit.tenant(), file, permit.actor()).await {
                Err(LogoError::File(FileError::Fault(fault))) => return Err(fault.into()),
                drawn => Patch::Set(drawn),
            },
            Patch::Clear => Patch::Clear,
            _ => Patch::Keep,
        };
        let mut work = scope.begin().await?;
        let done = set(&mut work, self.0.clock.now(), &key, (input, logo)).await;
        settle(work, done, mode.is_dry()).await
    }
}

/// The drawn logo, or the reason why it could not be drawn.
type Drawn = Patch<Result<DrawnLogo, LogoError>>;

async fn set(work: &mut Work, now: Timestamp, key: &Key, (input, logo): (SettingsSet, Drawn)) -> Done {
    let earlier = idempotency::lock_and_look_up(work, key).await?;
    let before = rows::settings(work).await?;
    match earlier {
        Before::Nothing => {}
        Before::Reused => return Err(SettingsRefusal::KeyReused.into()),
        Before::Same(Receipt { seq }) => return Ok(Acted { value: before, seq, is_replayed: true }),
    }
    let (mut look, mut bytes) = (before.look.clone().with(input.changes), before.logo.clone());
    let mut refusals = Refusals::default();
    refusals.extend(look_refusals(&look));
    match logo {
        Patch::Keep => {}
        Patch::Clear => (look.logo, bytes) = (None, None),
        Patch::Set(Ok(DrawnLogo { jpeg, width, height })) => {
            look.logo = Some(LogoFacts { width, height, sha256: hex::encode(Sha256::digest(&jpeg)) });
            bytes = Some(jpeg);
        }
        Patch::Set(Err(error)) => refusals.add(SettingsRefusal::Logo(error)),
    }
    let is_stale = input.expected_version.is_some_and(|expected| expected != before.version);
    refusals.extend(is_stale.then_some(SettingsRefusal::Stale(before.version)));
    refusals.end(Stage::State)?;
    let after = Settings { look, logo: bytes, version: before.version + 1, updated_at: Some(now) };
    rows::change_settings(work, &after, now).await?;
    let tenant = work.tenant();
    audit::changed(work, tenant, Some(&traced(&before)), Some(&traced(&after)), None);
    let event = PaperSettingsEvent { version: after.version };
    let seq = journal::append_other(work, vec![PAPER_SETTINGS_SET.event(&event)], now).await?;
    idempotency::keep(work, key, &Receipt { seq }, now).await?;
    Ok(Acted { value: after, seq, is_replayed: false })
}

/// Returns the fields that the audit log compares; they belong to the tenant.
fn traced(settings: &Settings) -> Fields {
    let look = &settings.look;
    let texts = look.texts.iter().map(|text| (format!("paperSettings.texts.{}", text.kind), &text.text));
    let fields = Fields::default()
        .with("paperSettings.locale", look.locale)
        .with("paperSettings.senderLines", &look.sender)
        .with("paperSettings.header", &look.header)
        .with("paperSettings.footer", &look.footer)
        .with("paperSettings.accent", &look.accent)
        .with("paperSettings.paymentDays", look.payment_days)
        .with("paperSettings.columns", &look.columns)
        .with("paperSettings.logo", look.logo.as_ref().map(|logo| &logo.sha256));
    texts.fold(fields, |fields, (path, text)| fields.with(path, text))
}

fn look_refusals(look: &Look) -> impl Iterator<Item = SettingsRefusal> {
    look.problems().into_iter().map(SettingsRefusal::Look)
}
