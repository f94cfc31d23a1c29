//! Tagging objects. The API has resolved the object and checked the right to change it.

use entity::id::{Kind, kind};
use iam::access::{Caller, code, kind as may};
use inventory::catalog::core::{Patch, Problem};
use platform::{
    audit::{self, Fields, Target},
    clock::Clock,
    storage::{
        Database, Fault, Work,
        idempotency::{self, CallResult, EarlierUse, Key, hash_of, settle},
        journal,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    core::NodeTags,
    events::{NODE_TAGS_UPDATED, NodeTagsEvent},
    rows,
};
use crate::{
    attachments::shell::is_erased,
    notes::shell::{Readers, Write},
};

/// Error of a call that wrote nothing.
#[derive(Debug)]
pub enum TagsError {
    Refused(Vec<Problem>),
    /// The customer is erased: the erasure would not remove new tags or custom data.
    Erased,
    KeyReused,
    Fault(Fault),
}
impl From<Fault> for TagsError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Input for an object's tags and custom data. The hash of the idempotency key is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct SetTags {
    #[serde(skip)]
    pub idempotency_key: String,
    #[serde(skip)]
    pub target: Target,
    pub node_id: String,
    pub tags: Patch<Vec<String>>,
    pub metadata: Patch<Value>,
}

#[derive(Serialize, Deserialize)]
struct Receipt {
    seq: Option<i64>,
}

pub type Outcome = Result<CallResult<NodeTags>, TagsError>;

/// Sets the tags, the custom data or both of an object.
pub async fn set(
    (db, clock): (&Database, &Clock),
    (caller, readers): (&Caller, &Readers),
    input: SetTags,
    write: Write,
) -> Outcome {
    let key = Key { owner: caller.actor.id, mutation: "nodeTagsSet", key: input.idempotency_key.clone(), hash: hash_of(&input) };
    audit::set_target(input.target.clone());
    let mut work = db.tenant(caller.tenant).begin().await?;
    let outcome = apply_tags(&mut work, clock, &key, readers, &input).await;
    settle(work, outcome, write == Write::DryRun).await
}

async fn apply_tags(work: &mut Work, clock: &Clock, key: &Key, readers: &Readers, input: &SetTags) -> Outcome {
    // Under the lock of the tenant's counter, so that concurrent calls are serialized.
    let receipt = match idempotency::lock_and_look_up::<Receipt>(work, key).await? {
        EarlierUse::Nothing => None,
        EarlierUse::Reused => return Err(TagsError::KeyReused),
        EarlierUse::Same(receipt) => Some(receipt),
    };
    let now = clock.now();
    let before = rows::of(work, &[input.target.id]).await?.pop();
    let before = before.unwrap_or_else(|| NodeTags::untagged(input.target.clone(), now));
    if let Some(Receipt { seq }) = receipt {
        return Ok(CallResult { value: before, seq, is_replayed: true });
    }
    if is_erased(work, &input.target).await? {
        return Err(TagsError::Erased);
    }
    let after = before.with_changes(&input.tags, &input.metadata, now).map_err(TagsError::Refused)?;
    if after == before {
        return Ok(CallResult { value: after, seq: None, is_replayed: false });
    }
    rows::write(work, &after).await?;
    audit::changed_node(work, &before.target, &audit_fields(&before), &audit_fields(&after));
    let event = NodeTagsEvent {
        node_id: input.node_id.clone(),
        version: after.version,
        permission: readers.permission.map(ToOwned::to_owned),
        stores: readers.stores.clone(),
    };
    let seq = journal::append_other(work, vec![NODE_TAGS_UPDATED.event(&event)], now).await?;
    idempotency::keep(work, key, &Receipt { seq }, now).await?;
    Ok(CallResult { value: after, seq, is_replayed: false })
}

/// Returns the fields that the audit log compares. The chain is never erased: custom data that may
/// be about a person is recorded as changed, without its values.
fn audit_fields(tags: &NodeTags) -> Fields {
    const PERSONAL_PREFIXES: [&str; 3] = [kind::CustomerId::PREFIX, kind::ReturnId::PREFIX, kind::FulfilmentWorkId::PREFIX];
    let metadata: Value = serde_json::from_str(&tags.metadata).unwrap_or_default();
    let fields = Fields::default().with("tags", &tags.tags);
    if PERSONAL_PREFIXES.contains(&tags.target.kind.as_str()) {
        fields.personal("metadata", code::<may::CustomerRead>(), metadata)
    } else {
        fields.with("metadata", metadata)
    }
}
