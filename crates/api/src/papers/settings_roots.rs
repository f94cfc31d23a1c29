//! Query and mutation of the look of papers.

use async_graphql::Context;
use macros::resolvers;
use platform::storage::idempotency::CallResult;
use services::papers::{Papers, events::PAPER_SETTINGS_SET};

use super::settings::{PaperSettings, PaperSettingsPayload, PaperSettingsSetInput, settings_error};
use crate::graphql::{context::ContextExt, fault::Answer, reading::read, refusal::try_user_errors_of, scalars::Long};

/// The root field that reads the look of papers.
#[derive(Default)]
pub struct PaperSettingsQuery;

#[resolvers]
impl PaperSettingsQuery {
    /// Settings of the tenant's papers, or the default ones.
    #[field(permit = TenantWrite)]
    async fn paper_settings(&self, ctx: &Context<'_>) -> Answer<PaperSettings> {
        Ok(ctx.required_data::<Papers>()?.settings(&permit).await?.into())
    }
}

/// The root field that sets the look of papers.
#[derive(Default)]
pub struct PaperSettingsMutation;

#[resolvers]
impl PaperSettingsMutation {
    /// Changes the settings of papers, which hold for papers that are drawn from now on. With validateOnly the settings in the answer
    /// show by their sample what papers would look like.
    #[mutation(permit = TenantWrite, emits(PAPER_SETTINGS_SET), step_up, dry_run)]
    async fn paper_settings_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Changes.")] input: PaperSettingsSetInput,
    ) -> Answer<PaperSettingsPayload> {
        let input = match read(|reader| input.read(reader)) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        Ok(match Box::pin(ctx.required_data::<Papers>()?.settings_set(permit, input, dry_run)).await {
            Ok(CallResult { value, seq, is_replayed }) => PaperSettingsPayload {
                settings: Some(value.into()),
                user_errors: Vec::new(),
                replayed: is_replayed,
                seq: seq.map(Long),
            },
            Err(error) => try_user_errors_of(error, settings_error)?.into(),
        })
    }
}
