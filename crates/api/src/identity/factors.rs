//! Second factors.

use async_graphql::{Context, ID, SimpleObject};
use entity::prelude::MemberId;
use iam::identity::{Enrolment, Identity, IdentityError, InputRefusal, Rejection};
use macros::resolvers;

use super::{mutation::split_outcome, sessions::OkPayload};
use crate::{
    access::MemberPayload,
    graphql::{context::ContextExt, fault::Answer, once::SecretStatus, refusal::UserError, scalars::Long},
};

/// Result of a change of a second factor.
#[derive(SimpleObject, Default)]
pub struct TotpPayload {
    /// Enrolment link for the authenticator app (otpauth), shown once; null otherwise.
    pub otpauth_uri: Option<String>,
    /// Enrolment link as a QR code, in SVG, shown once; null otherwise.
    pub qr_svg: Option<String>,
    /// Codes to keep for the day the authenticator is lost, each valid once. They are shown once; null otherwise.
    pub backup_codes: Option<Vec<String>>,
    /// State of the secret: SHOWN in an answer with a link or codes, else NONE. Never ALREADY_SHOWN, as the call takes no
    /// idempotency key.
    pub secret_status: SecretStatus,
    /// Reasons for which the change was refused; empty when it was made.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call; always false, as secrets are returned once.
    pub replayed: bool,
    /// Position in the tenant's stream; always null, as the call writes no event to it.
    pub seq: Option<Long>,
}

#[derive(Default)]
pub struct FactorMutation;

const fn secret_status_of(has_secret: bool) -> SecretStatus {
    if has_secret { SecretStatus::Shown } else { SecretStatus::None }
}

fn backup_codes_payload(outcome: Result<Vec<String>, IdentityError>) -> Answer<TotpPayload> {
    let (backup_codes, user_errors) = split_outcome(outcome)?;
    let secret_status = secret_status_of(backup_codes.is_some());
    Ok(TotpPayload { backup_codes, secret_status, user_errors, ..TotpPayload::default() })
}

#[resolvers]
impl FactorMutation {
    /// Starts the enrolment of an authenticator as the caller's second factor. The factor is active
    /// after totpConfirm.
    #[mutation(authenticated, step_up, session(to_enrol))]
    async fn totp_enrol(&self, ctx: &Context<'_>) -> Answer<TotpPayload> {
        let (enrolment, user_errors) = split_outcome(ctx.required_data::<Identity>()?.totp_enrol(session).await)?;
        let (otpauth_uri, qr_svg) = enrolment.map(|Enrolment { otpauth_uri, qr_svg }| (otpauth_uri, qr_svg)).unzip();
        let secret_status = secret_status_of(otpauth_uri.is_some());
        Ok(TotpPayload { otpauth_uri, qr_svg, secret_status, user_errors, ..TotpPayload::default() })
    }

    /// Confirms the enrolment by a code of the authenticator and returns backup codes. The caller's
    /// other sessions end.
    #[mutation(authenticated, step_up, session(to_enrol))]
    async fn totp_confirm(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The code that the authenticator shows.")] code: String,
    ) -> Answer<TotpPayload> {
        backup_codes_payload(ctx.required_data::<Identity>()?.totp_confirm(session, &code).await)
    }

    /// Removes the caller's second factor. Their other sessions end.
    #[mutation(authenticated, step_up, session)]
    async fn totp_remove(&self, ctx: &Context<'_>) -> Answer<OkPayload> {
        OkPayload::of(ctx.required_data::<Identity>()?.totp_remove(session).await)
    }

    /// Creates a new set of backup codes; the previous codes become invalid.
    #[mutation(authenticated, step_up, session)]
    async fn backup_codes_regenerate(&self, ctx: &Context<'_>) -> Answer<TotpPayload> {
        backup_codes_payload(ctx.required_data::<Identity>()?.new_backup_codes(session).await)
    }

    /// Removes the second factor of a member who has lost it, so that they can enrol another one.
    /// All their sessions end. Only members themselves can enrol a factor.
    #[mutation(permit = MemberWrite, step_up, session)]
    async fn member_mfa_reset(&self, ctx: &Context<'_>, #[graphql(desc = "The member.")] id: ID) -> Answer<MemberPayload> {
        let outcome = match id.parse::<MemberId>() {
            Ok(id) => ctx.required_data::<Identity>()?.reset_factor(session, id).await,
            Err(err) => Err(Rejection::from(InputRefusal::Id(err)).into()),
        };
        let (view, user_errors) = split_outcome(outcome)?;
        Ok(MemberPayload { member: view.map(Into::into), user_errors, replayed: false, seq: None })
    }
}
