//! Mutation that sets tags and custom data.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, SimpleObject};
use entity::id::{Kind, kind};
use iam::access::Caller;
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::{audit::Target, path, storage::idempotency::CallResult};
use services::tagging::{
    core::{StoredData, stored_data},
    events::NODE_TAGS_UPDATED,
    shell::{self, SetTags, TagsError},
};

use crate::{
    catalog::user_error,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        reading::{patch, read},
        refusal::{ErrorCode, UserError},
        scalars::{Json, Long},
    },
    notes::{NodeAccess, check_write_permission, find_target_node},
    purchasing::check_key,
};

/// Tags and custom data of a node, with their new values. Fields that are left out stay as they are; null clears.
#[derive(Debug, Clone, InputObject)]
pub struct NodeTagsSetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the thing: a store, a group of stores, a supplier, a channel, a product family, a category, a customer, a lot, a work, a wave, a
    /// return, a stocktake, a purchase order, a goods receipt, a blanket order, a return to a supplier, a transfer or a legal entity.
    pub node_id: ID,
    /// Tags of the thing, at most 50 of 64 characters each, without |. Repeats count once; case is ignored. Null for none. Those of a customer
    /// are set by customerUpdate.
    pub tags: MaybeUndefined<Vec<String>>,
    /// Custom data: a JSON object of at most 16 KiB. Null for an empty one. That of a transfer is set by transferCreate and
    /// transferUpdate, that of a category by categoryUpdate.
    pub metadata: MaybeUndefined<Json>,
}

/// Result of a change of the tags and the custom data of a thing.
#[derive(SimpleObject, Default)]
pub struct NodeTagsPayload {
    /// Tags of the thing, or with validateOnly as they would be. Null when the change was refused, and for callers who may not read the thing.
    pub tags: Option<Vec<String>>,
    /// Custom data of the thing: a JSON object. Null when the change was refused, and for callers who may not read the thing.
    pub metadata: Option<Json>,
    /// Reasons for which the change was refused; empty when it was made, or with validateOnly would be.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The last event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

impl From<Vec<UserError>> for NodeTagsPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}
impl From<UserError> for NodeTagsPayload {
    fn from(user_error: UserError) -> Self {
        vec![user_error].into()
    }
}

/// The root field that changes tags.
#[derive(Default)]
pub struct NodeTagsMutation;

#[resolvers]
impl NodeTagsMutation {
    /// Sets tags and custom data of an object that has none of its own, in any state of it. They are no part of the object: its version, its revision
    /// and its approval stay.
    ///
    /// Requires the permissions that reading and changing the thing require.
    #[mutation(authenticated, emits(NODE_TAGS_UPDATED), dry_run)]
    async fn node_tags_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Tags and custom data, and the thing that they are of.")] input: NodeTagsSetInput,
    ) -> Answer<NodeTagsPayload> {
        if let Err(errors) = read(|reader| check_key(reader, &input.idempotency_key)) {
            return Ok(errors.into());
        }
        let refusal_message = "no tags are kept of such an object here: products and orders have their own, others none";
        let (target, access) = match find_target_node(ctx, &input.node_id, refusal_message).await? {
            Ok(target_and_access) => target_and_access,
            Err(refused) => return Ok(refused.into()),
        };
        match stored_data(&target.kind) {
            None => return Ok(UserError::new(ErrorCode::Invalid, refusal_message, path!["input", "nodeId"]).into()),
            Some(StoredData::TagsOnly) if !input.metadata.is_undefined() => {
                let message = "metadata of transfers and categories is set by transferUpdate and categoryUpdate: leave it out";
                return Ok(UserError::new(ErrorCode::Invalid, message, path!["input", "metadata"]).into());
            }
            Some(StoredData::MetadataOnly) if !input.tags.is_undefined() => {
                let message = "tags of a customer are set by customerUpdate: leave them out";
                return Ok(UserError::new(ErrorCode::Invalid, message, path!["input", "tags"]).into());
            }
            Some(_) => {}
        }
        check_write_permission(&access, caller)?;
        if let Some(refused) = check_change(&target, &access, caller)? {
            return Ok(refused.into());
        }
        let NodeTagsSetInput { idempotency_key, tags, metadata, .. } = input;
        let (tags, metadata) = (patch(tags, |tags| tags), patch(metadata, |json| json.0));
        let request = SetTags { idempotency_key, node_id: target.to_string(), target, tags, metadata };
        let (ledger, readers) = (ctx.required_data::<Ledger>()?, access.readers());
        let outcome = Box::pin(shell::set((ledger.database(), ledger.clock()), (caller, &readers), request, dry_run)).await;
        match outcome {
            Ok(CallResult { value, seq, is_replayed }) => {
                let visible_value = access.may_read(caller).then_some(value);
                let metadata = visible_value.as_ref().map(|value| Json::from_text(&value.metadata));
                let tags = visible_value.map(|value| value.tags);
                Ok(NodeTagsPayload { tags, metadata, user_errors: Vec::new(), replayed: is_replayed, seq: seq.map(Long) })
            }
            Err(TagsError::Fault(fault)) => Err(fault.into()),
            Err(TagsError::Erased) => {
                let message = "the customer is erased: nothing is kept of them any more";
                Ok(UserError::new(ErrorCode::Invalid, message, path!["input", "nodeId"]).into())
            }
            Err(TagsError::KeyReused) => {
                let message = "this key was used before with another input";
                Ok(UserError::new(ErrorCode::IdempotencyKeyReused, message, path!["input", "idempotencyKey"]).into())
            }
            Err(TagsError::Refused(problems)) => {
                let errors: Vec<UserError> = problems.iter().map(|problem| user_error(problem, &["input"], None)).collect();
                Ok(errors.into())
            }
        }
    }
}

/// Refuses a change beyond the rights of notes: a blanket order belongs to the whole company, and
/// tags of a return are not shown to callers of one channel.
fn check_change(target: &Target, access: &NodeAccess, caller: &Caller) -> Answer<Option<UserError>> {
    if target.kind == kind::BlanketOrderId::PREFIX
        && let Some(permission) = access.missing_write_permission_for_all(caller)
    {
        return Err(TopError::Forbidden(permission));
    }
    let is_hidden = target.kind == kind::ReturnId::PREFIX && caller.channel.is_some();
    let message = "tags and metadata of a return are not set by callers that are bound to a channel";
    Ok(is_hidden.then(|| UserError::new(ErrorCode::Invalid, message, path!["input", "nodeId"])))
}
