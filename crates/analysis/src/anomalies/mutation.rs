//! Accepting anomalies.

use async_graphql::{Context, ID, InputObject};
use entity::prelude::AnomalyId;
use iam::access::{Permission, kind};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::path;
use services::anomalies::shell::{AcceptError, AcceptInput, accept, find};

use super::anomaly::StockAnomaly;
use crate::{
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        once::{EarlierCall, ReplayablePayload},
        reading::read,
        refusal::{ErrorCode, UserError},
    },
    payload,
};

/// An anomaly that is fine.
#[derive(Debug, Clone, InputObject)]
pub struct StockAnomalyAcceptInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// The anomaly.
    pub id: ID,
    /// Note that is kept with the count, at most 1,000 characters. Null for none.
    pub note: Option<String>,
}

payload!(StockAnomalyPayload, anomaly: StockAnomaly, "stock anomaly");

impl From<UserError> for StockAnomalyPayload {
    fn from(user_error: UserError) -> Self {
        vec![user_error].into()
    }
}

impl ReplayablePayload for StockAnomalyPayload {
    async fn replay(ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        let anomaly = match (earlier.id::<AnomalyId>(), ctx.permit::<kind::ReportRead>()) {
            (Some(id), Ok(permit)) => find(&permit, ctx.required_data::<Ledger>()?.database(), id).await?.map(Into::into),
            _ => None,
        };
        Ok(Self { anomaly, user_errors: Vec::new(), replayed: true, seq: None })
    }
}

/// The root fields that change anomalies.
#[derive(Default)]
pub struct AnomalyMutation;

#[resolvers]
impl AnomalyMutation {
    /// Accepts an anomaly as correct. For 90 days, days of the same product, store and kind that
    /// deviate no further in the same direction are not flagged again; neither are patterns of the
    /// same subject with no more units. An accepted anomaly stays as it is. A caller cannot accept
    /// a REVERSALS anomaly about their own documents.
    ///
    /// Requires alert.write; the anomaly in the answer is null without report.read.
    #[mutation(permit = AlertWrite, once, dry_run(rolled_back))]
    async fn stock_anomaly_accept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Anomaly, and why it is fine.")] input: StockAnomalyAcceptInput,
    ) -> Answer<StockAnomalyPayload> {
        // Movements are of stores, not of channels.
        if permit.channel().is_some() {
            return Err(TopError::Forbidden(kind::AlertWrite::info().code));
        }
        let StockAnomalyAcceptInput { id, note, .. } = input;
        let input = match read(|reader| AcceptInput { id: reader.id(&id, || path!["input", "id"]), note }) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        let ledger = ctx.required_data::<Ledger>()?;
        Ok(match Box::pin(accept(&permit, ledger.database(), ledger.clock(), input)).await {
            Ok(anomaly) => {
                // A caller who may write anomalies may lack the permission to read reports of the
                // store.
                let is_visible = permit.also::<kind::ReportRead>().is_ok_and(|reads| reads.covers(anomaly.found.key.store));
                let anomaly = is_visible.then(|| anomaly.into());
                StockAnomalyPayload { anomaly, user_errors: Vec::new(), replayed: false, seq: None }
            }
            Err(error) => accept_error(error)?.into(),
        })
    }
}

fn accept_error(error: AcceptError) -> Result<UserError, TopError> {
    let note = || path!["input", "note"];
    Ok(match error {
        AcceptError::Fault(fault) => return Err(fault.into()),
        AcceptError::OwnDocuments => UserError::new(
            ErrorCode::InvalidState,
            "The documents are yours. Have another member accept the anomaly.",
            path!["input", "id"],
        ),
        AcceptError::NotFound => UserError::not_found("stock anomaly", path!["input", "id"]),
        AcceptError::NoteTooLong { most } => {
            UserError::new(ErrorCode::TooLong, format!("at most {most} characters are kept"), note())
        }
        AcceptError::NoteInvalid => UserError::new(ErrorCode::Invalid, "a text without NUL characters is expected", note()),
    })
}
