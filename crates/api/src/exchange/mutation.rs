//! Mutations that start and cancel imports and exports.

use async_graphql::{Context, ID, SimpleObject};
use entity::prelude::ExchangeId;
use iam::access::{ChangedValue, kind};
use macros::resolvers;
use platform::path;
use services::exchange::{
    Exchange as Service, ExchangeError, ExchangeRequest,
    core::Kind,
    events::{EXCHANGE_CANCELLED, EXCHANGE_CREATED},
};

use super::{
    DataJob,
    inputs::{ExportCreateInput, ImportCreateInput},
};
use crate::{
    access::KeyUse,
    files::refuse as refuse_file,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        once::{EarlierCall, ReplayablePayload},
        reading::read,
        refusal::{ErrorCode, UserError},
        scalars::Long,
    },
    references::resolve_references,
};

/// Result of a request for an import or an export, or of its cancellation.
#[derive(SimpleObject, Default)]
#[graphql(complex)]
pub struct DataJobPayload {
    /// The job as it is now; null when the request was refused.
    pub data_job: Option<DataJob>,
    /// Reasons for which the request was refused; empty when it was accepted.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

#[resolvers(complex)]
impl DataJobPayload {
    /// Deprecated name of `dataJob`.
    #[field(deprecation = "2026-11-25: use dataJob. Removed after 2027-11-25.")]
    async fn exchange(&self) -> Option<DataJob> {
        self.data_job.clone()
    }
}

pub(super) fn refusal_error(error: ExchangeError, field: &str) -> Result<UserError, TopError> {
    let (code, message, at) = match error {
        ExchangeError::Denied(denied) => return Err(denied.into()),
        ExchangeError::Fault(fault) => return Err(fault.into()),
        ExchangeError::File(error) => return refuse_file(error, path!["input", field]),
        ExchangeError::NotFound => {
            return Ok(UserError::not_found(if field == "id" { "exchange" } else { "file" }, field_path(field)));
        }
        ExchangeError::KeyReused => {
            let message = "this key was used before with another input: use a new key for a new change";
            (ErrorCode::IdempotencyKeyReused, message.to_owned(), path!["input", "idempotencyKey"])
        }
        ExchangeError::BadKey(reason) => return Ok(UserError::invalid_key(reason, path!["input", "idempotencyKey"])),
        ExchangeError::IsOver(state) => (
            ErrorCode::InvalidState,
            format!("it is {}: only one that is QUEUED or RUNNING can be cancelled", state.as_str()),
            field_path(field),
        ),
        ExchangeError::NotOffered(noun) => {
            (ErrorCode::Invalid, format!("{} are not exchanged this way", noun.as_str()), path!["input", "entity"])
        }
        ExchangeError::Unfit(reason) => (ErrorCode::Invalid, reason, path!["input", "mutation"]),
        ExchangeError::NoDryRun { field, could: true } => (
            ErrorCode::Invalid,
            format!(
                "declare $validateOnly: Boolean! and write {field}(input: $input, validateOnly: $validateOnly), so that nothing is written"
            ),
            path!["input", "mutation"],
        ),
        ExchangeError::NoDryRun { field, could: false } => {
            (ErrorCode::Invalid, format!("{field} cannot only say what would be"), path!["input", "validateOnly"])
        }
        ExchangeError::NoLines => (
            ErrorCode::Invalid,
            "a text of JSON lines in UTF-8 is expected, an object a line".to_owned(),
            path!["input", "fileId"],
        ),
        ExchangeError::TooMany { most: limit } => (
            ErrorCode::LimitExceeded,
            format!("a tenant has at most {limit} exchanges that are not over: wait for one"),
            path!["input"],
        ),
    };
    Ok(UserError::new(code, message, at))
}

fn field_path(field: &str) -> Vec<String> {
    if field == "id" { path!["id"] } else { path!["input", field] }
}

impl DataJobPayload {
    pub(super) fn from_errors(errors: Vec<UserError>) -> Self {
        Self { user_errors: errors, ..Self::default() }
    }
}

impl From<Vec<UserError>> for DataJobPayload {
    fn from(errors: Vec<UserError>) -> Self {
        Self::from_errors(errors)
    }
}

impl ReplayablePayload for DataJobPayload {
    async fn replay(ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        let permit = ctx.permit::<kind::ExchangeRun>()?;
        let run = match earlier.id::<ExchangeId>() {
            Some(id) => ctx.required_data::<Service>()?.find(&permit, id).await?,
            None => None,
        };
        Ok(Self { data_job: run.map(Into::into), replayed: true, seq: earlier.seq().map(Long), ..Self::default() })
    }
}

async fn request_job(ctx: &Context<'_>, request: ExchangeRequest) -> Answer<DataJobPayload> {
    let permit = ctx.permit::<kind::ExchangeRun>()?;
    Ok(match ctx.required_data::<Service>()?.request_exchange(permit, request).await {
        Ok(ChangedValue { value: (run, replayed), seq }) => {
            DataJobPayload { data_job: Some(run.into()), replayed, seq: seq.map(Long), ..DataJobPayload::default() }
        }
        Err(error) => DataJobPayload::from_errors(vec![refusal_error(error, "fileId")?]),
    })
}

/// Serializes the options to the JSON that is stored. Its fields have a fixed order.
fn options_json(options: &impl serde::Serialize) -> Result<String, TopError> {
    serde_json::to_string(options).map_err(|error| {
        tracing::error!(%error, "options of an exchange have no JSON");
        TopError::Internal
    })
}

#[derive(Default)]
pub struct ExchangeMutation;

#[resolvers]
impl ExchangeMutation {
    /// Imports the rows of a file in the background, with the rights that you have at that time.
    /// The result lists the refused rows.
    #[mutation(permit = ExchangeRun, cost = "100", emits(EXCHANGE_CREATED))]
    async fn import_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Import to start.")] input: ImportCreateInput,
    ) -> Answer<DataJobPayload> {
        let (noun, file, options) = match read(|reader| input.read(reader)) {
            Ok(parts) => parts,
            Err(errors) => return Ok(DataJobPayload::from_errors(errors)),
        };
        request_job(
            ctx,
            ExchangeRequest {
                idempotency_key: input.idempotency_key,
                kind: Kind::Import,
                noun: Some(noun),
                options: options_json(&options)?,
                input: Some(file),
                key: ctx.data_opt::<KeyUse>().map(|used| used.key),
            },
        )
        .await
    }

    /// Exports rows to a file in the background, with the rights that you have at that time. The
    /// file is kept for seven days.
    #[mutation(permit = ExchangeRun, cost = "100", emits(EXCHANGE_CREATED))]
    async fn export_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Export to start.")] input: ExportCreateInput,
    ) -> Answer<DataJobPayload> {
        let mut input = input;
        let reference_paths = match resolve_references(ctx, input.names()).await? {
            Ok(reference_paths) => reference_paths,
            Err(errors) => return Ok(DataJobPayload::from_errors(errors)),
        };
        let (noun, options) = match read(|reader| input.read(reader)) {
            Ok(parts) => parts,
            Err(mut errors) => {
                reference_paths.redirect_errors(&mut errors);
                return Ok(DataJobPayload::from_errors(errors));
            }
        };
        request_job(
            ctx,
            ExchangeRequest {
                idempotency_key: input.idempotency_key,
                kind: Kind::Export,
                noun: Some(noun),
                options: options_json(&options)?,
                input: None,
                key: ctx.data_opt::<KeyUse>().map(|used| used.key),
            },
        )
        .await
    }

    /// Cancels an import, an export or a bulk mutation after the rows that are in progress.
    /// Processed rows keep their effect.
    #[mutation(permit = ExchangeRun, once(argument), emits(EXCHANGE_CANCELLED), was("exchangeCancel", "2026-11-25"))]
    async fn data_job_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID of the data job to cancel.")] id: ID,
    ) -> Answer<DataJobPayload> {
        let id: ExchangeId = match read(|reader| reader.id(&id, || path!["id"])) {
            Ok(id) => id,
            Err(errors) => return Ok(DataJobPayload::from_errors(errors)),
        };
        Ok(match ctx.required_data::<Service>()?.cancel(permit, id).await {
            Ok(ChangedValue { value, seq }) => {
                DataJobPayload { data_job: Some(value.into()), seq: seq.map(Long), ..DataJobPayload::default() }
            }
            Err(error) => DataJobPayload::from_errors(vec![refusal_error(error, "id")?]),
        })
    }
}
