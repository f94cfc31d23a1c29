//! `dataJobChanged`: progress of an exchange, until it ends.

use std::{sync::Arc, time::Duration};

use async_graphql::{Context, ID};
use entity::prelude::ExchangeId;
use futures_util::Stream;
use iam::access::{LiveRights, Permit, kind, permit};
use macros::resolvers;
use services::exchange::Exchange as Service;

use super::DataJob;
use crate::{
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
    },
    live::{
        rights::{Rights, RightsChange},
        stream_handle::StreamHandle,
    },
};

/// Polling interval of a job for each subscriber. Reading a row by its key twice a second costs
/// less than an event for each chunk would cost all writers: `docs/decisions/0088`.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

#[derive(Default)]
pub struct ExchangeSubscription;

#[resolvers(subscription)]
impl ExchangeSubscription {
    /// Import, export or bulk operation in its current state, then after each change, at most twice
    /// a second, and a last time when it ends: then the stream ends. Null, followed by the end,
    /// when it does not exist or you may not see it.
    #[field(permit = ExchangeRun, was("exchangeChanged", "2026-11-25"))]
    async fn data_job_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID of the data job to follow.")] id: ID,
    ) -> Result<impl Stream<Item = Answer<Option<DataJob>>> + use<>, TopError> {
        let id: ExchangeId =
            id.parse().map_err(|error: entity::id::IdError| TopError::bad_input(error.to_string(), vec!["id".to_owned()]))?;
        let live_rights = ctx.data_opt::<LiveRights>().cloned();
        let watch = JobWatcher {
            service: ctx.required_data::<Service>()?.clone(),
            rights: Rights::of::<kind::ExchangeRun>(permit.caller().clone(), live_rights.clone()),
            live_rights,
            stream_handle: ctx.data_opt::<Arc<StreamHandle>>().cloned(),
        };
        Ok(watch.run(permit, id))
    }
}

struct JobWatcher {
    service: Service,
    rights: Rights,
    live_rights: Option<LiveRights>,
    stream_handle: Option<Arc<StreamHandle>>,
}

impl JobWatcher {
    fn run(self, permit: Permit<kind::ExchangeRun>, id: ExchangeId) -> impl Stream<Item = Answer<Option<DataJob>>> + use<> {
        async_stream::stream! {
            let mut permit = permit;
            let mut last_version = None;
            loop {
                match self.service.find(&permit, id).await {
                    Ok(Some(run)) if last_version == Some(run.version) => {}
                    Ok(Some(run)) => {
                        last_version = Some(run.version);
                        let is_over = run.state.is_over();
                        yield Ok(Some(DataJob::from(run)));
                        if is_over { return; }
                    }
                    Ok(None) => {
                        yield Ok(None);
                        return;
                    }
                    Err(fault) => {
                        yield Err(TopError::from(fault));
                        return;
                    }
                }
                tokio::time::sleep(POLL_INTERVAL).await;
                match self.current_permit() {
                    Ok(Some(now)) => permit = now,
                    Ok(None) => {}
                    Err(error) => {
                        yield Err(error);
                        return;
                    }
                }
                // The caller's other rights have changed and may change the data shown: the
                // operation is executed again with the current rights.
                if self.request_rerun_if_changed() { return; }
            }
        }
    }

    fn request_rerun_if_changed(&self) -> bool {
        match &self.stream_handle {
            Some(stream_handle) if self.rights.now() == Some(RightsChange::Else) => {
                stream_handle.request_restart();
                true
            }
            _ => false,
        }
    }

    /// Returns the current permit; None without live rights, where the first permit stays valid.
    fn current_permit(&self) -> Answer<Option<Permit<kind::ExchangeRun>>> {
        let Some(live_rights) = &self.live_rights else { return Ok(None) };
        let caller = live_rights.now().ok_or(TopError::Unauthenticated)?;
        Ok(Some(permit::<kind::ExchangeRun>(&caller)?))
    }
}
