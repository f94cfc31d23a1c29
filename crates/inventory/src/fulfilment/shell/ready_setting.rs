//! Changing the settings of e-mails to customers whose goods are ready.

use iam::access::{Permit, kind};
use platform::{
    audit::{self, Fields},
    storage::{
        Fault, Reads, Work,
        idempotency::{self, CallResult, EarlierUse, Key, settle},
        journal,
    },
};
use serde::{Deserialize, Serialize};

use crate::{
    fulfilment::{
        core::{MAX_READY_TEXT_LENGTH, ReadySetting, ReadyTerms},
        events::{READY_EMAIL_SET, ReadyEmailChanged},
        rows,
    },
    ledger::{Ledger, Mode, StoreRef, key_of, load_known_store},
};

/// All terms of the tenant, or of a store. Its JSON is hashed for the idempotency key.
#[derive(Debug, Clone, Serialize)]
pub struct ReadySet {
    #[serde(skip)]
    pub idempotency_key: String,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    /// None for the tenant's setting.
    pub store: Option<StoreRef>,
    pub terms: ReadyTerms,
}

/// Reasons to refuse a change of the setting.
#[derive(Debug)]
pub enum ReadyRefusal {
    NoStore,
    /// The text is too long, or has characters that are not allowed.
    Text {
        most: usize,
    },
    /// The setting is at this version.
    Stale(i64),
    KeyReused,
    Fault(Fault),
}
impl From<Fault> for ReadyRefusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// A setting with the terms in force there.
pub type SettingWithTerms = (ReadySetting, ReadyTerms);

#[derive(Serialize, Deserialize)]
struct Receipt {
    seq: Option<i64>,
}

type ReadySetResult = Result<CallResult<SettingWithTerms>, ReadyRefusal>;

/// Sets the terms of the tenant, or of a store.
pub async fn ready_set(ledger: &Ledger, permit: Permit<kind::StoreWrite>, input: ReadySet, mode: Mode) -> ReadySetResult {
    let has_control_chars =
        |text: &str| text.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\r' | '\t'));
    if input.terms.text.as_ref().is_some_and(|text| text.chars().count() > MAX_READY_TEXT_LENGTH || has_control_chars(text)) {
        return Err(ReadyRefusal::Text { most: MAX_READY_TEXT_LENGTH });
    }
    let key = key_of(&permit, "readyEmailSet", &input.idempotency_key, &input);
    let mut work = permit.scope(ledger.database()).begin().await?;
    let outcome = write_setting(&mut work, ledger, (&permit, &key), input).await;
    settle(work, outcome, mode.is_dry()).await
}

async fn write_setting(
    work: &mut Work,
    ledger: &Ledger,
    (permit, key): (&Permit<kind::StoreWrite>, &Key),
    input: ReadySet,
) -> ReadySetResult {
    // Under the lock of the tenant's counter, so that concurrent calls run one after the other.
    let earlier_use = idempotency::lock_and_look_up::<Receipt>(work, key).await?;
    let store = match &input.store {
        None => None,
        Some(store_ref) => Some(load_known_store(work, store_ref, &permit.reach()).await?.ok_or(ReadyRefusal::NoStore)?.id),
    };
    let (before, effective_terms) = rows::load_ready_setting(work, store).await?;
    match earlier_use {
        EarlierUse::Nothing => {}
        EarlierUse::Reused => return Err(ReadyRefusal::KeyReused),
        EarlierUse::Same(Receipt { seq }) => return Ok(CallResult { value: (before, effective_terms), seq, is_replayed: true }),
    }
    if input.expected_version.is_some_and(|expected| expected != before.version) {
        return Err(ReadyRefusal::Stale(before.version));
    }
    let now = ledger.clock().now();
    let after = ReadySetting { store, terms: input.terms, version: before.version + 1, updated_at: Some(now) };
    rows::put_ready_setting(work, &after, now).await?;
    let (fields_before, fields_after, tenant) = (audit_fields(&before), audit_fields(&after), work.tenant());
    match store {
        Some(store) => audit::changed(work, store, Some(&fields_before), Some(&fields_after), None),
        None => audit::changed(work, tenant, Some(&fields_before), Some(&fields_after), None),
    }
    let event = READY_EMAIL_SET.event(&ReadyEmailChanged { store_id: store, version: after.version });
    let seq = journal::append_other(work, vec![event], now).await?;
    idempotency::keep(work, key, &Receipt { seq }, now).await?;
    Ok(CallResult { value: rows::load_ready_setting(work, store).await?, seq, is_replayed: false })
}

/// Fields of the tenant's or the store's setting that the audit log compares.
fn audit_fields(setting: &ReadySetting) -> Fields {
    Fields::default()
        .with("readyEmail.isOn", setting.terms.is_on)
        .with("readyEmail.locale", setting.terms.locale)
        .with("readyEmail.text", &setting.terms.text)
}
