//! Adding and changing notes.

use async_graphql::{Context, ID, InputObject};
use entity::prelude::{MemberId, NoteId};
use iam::access::{Access, Caller};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::path;
use services::notes::{
    core::{MAX_MENTIONS, MAX_TEXT, Refusal},
    events::{NOTE_ADDED, NOTE_UPDATED},
    shell::{self, NewNote, NoteChange, NoteResult},
};

use super::{NodeAccess, Note, NoteAudience, find_note, find_target_node, node_access_by_id};
use crate::{
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        once::{EarlierCall, ReplayablePayload},
        reading::read,
        refusal::{ErrorCode, UserError},
        scalars::Long,
    },
    identity::MemberRef,
    named, payload,
    purchasing::check_key,
    references::Names,
    schema::Node,
};

/// A note to add.
#[derive(Debug, Clone, InputObject)]
pub struct NoteAddInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the thing that the note is about: any node but sessions, files, exchanges, papers, notes and attachments.
    pub node_id: ID,
    /// Text, 1 to 4,000 characters.
    pub text: String,
    /// Audience. Default STAFF.
    #[graphql(default_with = "NoteAudience::Staff")]
    pub audience: NoteAudience,
    /// Deprecated form of `mentionedMembers`: their IDs.
    #[graphql(default, deprecation = "2026-11-28: use mentionedMembers. Removed after 2027-11-28.")]
    pub mentions: Vec<ID>,
    /// Members whom the note mentions, at most 20. Each of them must be able to read the thing. Null for none.
    pub mentioned_members: Option<Vec<MemberRef>>,
}

impl NoteAddInput {
    fn names(&mut self) -> Names<'_> {
        let members = ("mentionedMembers", self.mentioned_members.take());
        Names::of(path!["input"]).or_empty(members, ("mentions", &mut self.mentions))
    }
}

/// A change of a note.
#[derive(Debug, Clone, InputObject)]
pub struct NoteUpdateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// ID of the note.
    pub id: ID,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
    /// Text, 1 to 4,000 characters. The text before is kept in `edits`.
    pub text: String,
    /// Deprecated form of `mentionedMembers`: their IDs.
    #[graphql(deprecation = "2026-11-28: use mentionedMembers. Removed after 2027-11-28.")]
    pub mentions: Option<Vec<ID>>,
    /// Members whom the note mentions, at most 20; null leaves them as they are.
    pub mentioned_members: Option<Vec<MemberRef>>,
}

impl NoteUpdateInput {
    fn names(&mut self) -> Names<'_> {
        let members = ("mentionedMembers", self.mentioned_members.take());
        Names::of(path!["input"]).list(members, ("mentions", &mut self.mentions))
    }
}

payload!(NotePayload, note: Note, "note");

impl From<UserError> for NotePayload {
    fn from(user_error: UserError) -> Self {
        vec![user_error].into()
    }
}
impl From<NoteResult> for NotePayload {
    fn from(result: NoteResult) -> Self {
        Self { note: Some(result.note.into()), user_errors: Vec::new(), replayed: result.is_replayed, seq: result.seq.map(Long) }
    }
}

impl ReplayablePayload for NotePayload {
    /// Omits a note on an object that the caller may no longer read.
    async fn replay(ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        let note = match earlier.id::<NoteId>() {
            Some(id) => find_note(ctx, id.uuid()).await?,
            None => None,
        };
        Ok(Self { note, user_errors: Vec::new(), replayed: true, seq: earlier.seq().map(Long) })
    }
}

/// The root fields that change notes.
#[derive(Default)]
pub struct NoteMutation;

#[resolvers]
impl NoteMutation {
    /// Adds a note to a thing of any kind. Only members who may read the thing can be mentioned.
    ///
    /// Requires the permissions that reading and changing the thing require.
    #[mutation(authenticated, emits(NOTE_ADDED), dry_run)]
    async fn note_add(&self, ctx: &Context<'_>, #[graphql(desc = "Note.")] input: NoteAddInput) -> Answer<NotePayload> {
        named!(ctx, input, NotePayload, {
            let mentions = read(|reader| {
                check_key(reader, &input.idempotency_key);
                reader.ids::<entity::id::kind::MemberId>(Some(input.mentions.clone()), "mentions")
            });
            let mentions = match mentions {
                Ok(mentions) => mentions,
                Err(errors) => return Ok(errors.into()),
            };
            let (target, access) = match find_target_node(ctx, &input.node_id, "no notes are kept on nodes of this kind").await? {
                Ok(target_and_access) => target_and_access,
                Err(refused) => return Ok(refused.into()),
            };
            check_write_permission(&access, caller)?;
            if let Some(refused) = check_mentions(ctx, &access, caller, &mentions).await? {
                return Ok(refused.into());
            }
            let NoteAddInput { idempotency_key, text, audience, .. } = input;
            let (node_id, audience) = (target.to_string(), audience.into());
            let new = NewNote { idempotency_key, target, node_id, text, audience, mentions };
            let (ledger, readers) = (ctx.required_data::<Ledger>()?, access.readers());
            let added = Box::pin(shell::add(ledger.database(), ledger.clock(), (caller, &readers), new, dry_run)).await?;
            Ok(added.map_or_else(|refusal| refusal_error(refusal, None).into(), NotePayload::from))
        })
    }

    /// Changes the text of a note, and whom it mentions. Only its author changes a note; texts that it had before are kept.
    ///
    /// Requires the permissions that reading and changing the thing require that the note is about.
    #[mutation(authenticated, once, emits(NOTE_UPDATED), dry_run)]
    async fn note_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Changed note.")] input: NoteUpdateInput,
    ) -> Answer<NotePayload> {
        named!(ctx, input, NotePayload, {
            let NoteUpdateInput { id, expected_version, text, mentions, .. } = input;
            let ids = read(|reader| {
                let id: NoteId = reader.id(&id, || path!["input", "id"]);
                (id, mentions.map(|mentions| reader.ids::<entity::id::kind::MemberId>(Some(mentions), "mentions")))
            });
            let (id, mentions) = match ids {
                Ok(ids) => ids,
                Err(errors) => return Ok(errors.into()),
            };
            let Some(note) = find_note(ctx, id.uuid()).await? else {
                return Ok(refusal_error(Refusal::NotFound, None).into());
            };
            let Some(access) = node_access_by_id(ctx, &note.0.target).await? else {
                return Ok(refusal_error(Refusal::NotFound, None).into());
            };
            check_write_permission(&access, caller)?;
            if let Some(refused) = check_mentions(ctx, &access, caller, mentions.as_deref().unwrap_or_default()).await? {
                return Ok(refused.into());
            }
            let change = NoteChange { id, expected_version: expected_version.0, text, mentions };
            let (ledger, readers) = (ctx.required_data::<Ledger>()?, access.readers());
            let changed = Box::pin(shell::update(ledger.database(), ledger.clock(), (caller, &readers), change, dry_run)).await?;
            Ok(changed.map_or_else(|refusal| refusal_error(refusal, Some(note)).into(), NotePayload::from))
        })
    }
}

/// Checks the right to write a note: the right to change the object that the note is about.
pub fn check_write_permission(access: &NodeAccess, caller: &Caller) -> Result<(), TopError> {
    access.missing_write_permission(caller).map_or(Ok(()), |permission| Err(TopError::Forbidden(permission)))
}

/// Refuses the first mentioned member who may not read the note's object, or who may not log in.
async fn check_mentions(
    ctx: &Context<'_>,
    access: &NodeAccess,
    caller: &Caller,
    mentions: &[MemberId],
) -> Answer<Option<UserError>> {
    if mentions.len() > MAX_MENTIONS {
        return Ok(Some(refusal_error(Refusal::TooManyMentions, None)));
    }
    let members = ctx.required_data::<Access>()?;
    for (index, member) in mentions.iter().enumerate() {
        let shows = members.member(caller.tenant, *member).await?.is_some_and(|member| access.may_read(&member));
        if !shows {
            let message = "a member is expected who may read what the note is about";
            return Ok(Some(UserError::new(ErrorCode::Invalid, message, path!["input", "mentions", index])));
        }
    }
    Ok(None)
}

fn refusal_error(refusal: Refusal, current: Option<Note>) -> UserError {
    let input_path = |field: &str| path!["input", field];
    match refusal {
        Refusal::NoText => UserError::new(ErrorCode::Required, "a text is needed", input_path("text")),
        Refusal::TooLong => {
            UserError::new(ErrorCode::TooLong, format!("at most {MAX_TEXT} characters are kept"), input_path("text"))
        }
        Refusal::NotPlain => UserError::new(ErrorCode::Invalid, "a text without NUL characters is expected", input_path("text")),
        Refusal::TooManyMentions => {
            let message = format!("at most {MAX_MENTIONS} members are mentioned");
            UserError::new(ErrorCode::LimitExceeded, message, input_path("mentions"))
        }
        Refusal::NotFound => UserError::not_found("note", input_path("id")),
        Refusal::NotAuthor => UserError::new(ErrorCode::InvalidState, "only its author changes a note", input_path("id")),
        Refusal::Stale { actual } => UserError::stale(
            format!("the note has changed since you read it and is at version {actual} now"),
            input_path("expectedVersion"),
            actual,
            current.map(Node::Note),
        ),
        Refusal::KeyReused => UserError::new(
            ErrorCode::IdempotencyKeyReused,
            "this key was used before with another input",
            input_path("idempotencyKey"),
        ),
    }
}
