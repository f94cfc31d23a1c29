//! Accounts and members.

use async_graphql::{Context, ID, MaybeUndefined};
use entity::prelude::{MemberId, MemberStatus};
use iam::identity::{AuthAge, Identity, InputRefusal, ProfileChange, Rejection, Session};
use macros::resolvers;

use super::{
    mutation::{LoginPayload, login_payload, split_outcome, visit_of},
    sessions::OkPayload,
};
use crate::{
    access::MemberPayload,
    graphql::{context::ContextExt, fault::Answer},
};

#[derive(Default)]
pub struct AccountMutation;

#[resolvers]
impl AccountMutation {
    /// Sends a link for a new password to an address, if it has an account. The answer is the same if it has none.
    #[mutation(public)]
    async fn password_reset_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user's address.")] email: String,
    ) -> Answer<OkPayload> {
        OkPayload::of(ctx.required_data::<Identity>()?.request_reset(&email, &visit_of(ctx)).await)
    }

    /// Sets a new password by the link that was sent. All the user's sessions end; log in with the new password.
    #[mutation(public)]
    async fn password_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Token of the link, valid once and for 30 minutes.")] token: String,
        #[graphql(desc = "New password: 12 to 256 characters that are hard to guess.")] new_password: String,
    ) -> Answer<OkPayload> {
        OkPayload::of(ctx.required_data::<Identity>()?.reset_password(&token, &new_password).await)
    }

    /// Changes the caller's password. Their other sessions end.
    #[mutation(authenticated, step_up, session)]
    async fn password_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password as it is.")] current_password: String,
        #[graphql(desc = "New password: 12 to 256 characters that are hard to guess.")] new_password: String,
    ) -> Answer<OkPayload> {
        let identity = ctx.required_data::<Identity>()?;
        OkPayload::of(identity.change_password(session, &current_password, &new_password).await)
    }

    /// Confirms an address by the link that was sent: of an account, or of a registration, which is carried out by it.
    #[mutation(public)]
    async fn email_verify(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Token of the link, valid once and for 24 hours.")] token: String,
    ) -> Answer<OkPayload> {
        OkPayload::of(ctx.required_data::<Identity>()?.verify_email(&token).await)
    }

    /// Sends the caller a link that confirms their address.
    #[mutation(authenticated, session)]
    async fn email_verification_request(&self, ctx: &Context<'_>) -> Answer<OkPayload> {
        OkPayload::of(ctx.required_data::<Identity>()?.request_verification(session).await)
    }

    /// Changes the caller's own profile. Fields that are left out stay as they are; null clears.
    #[mutation(authenticated, session, once(argument))]
    async fn profile_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The caller's name as others see it, at most 255 characters. Null leaves it as it is.")]
        display_name: Option<String>,
        #[graphql(desc = "The language that they read, as in en-GB. Left out, it stays; null clears it.")] locale: MaybeUndefined<
            String,
        >,
        #[graphql(desc = "The time zone that they live in (IANA), as in Europe/London. Left out, it stays; null clears it.")]
        time_zone: MaybeUndefined<String>,
    ) -> Answer<OkPayload> {
        let change = ProfileChange { display_name, locale: locale.into(), time_zone: time_zone.into() };
        OkPayload::of(ctx.required_data::<Identity>()?.change_profile(session, change).await)
    }

    /// Starts a session in another of the caller's tenants, with the authentication of the present one. The present session
    /// continues, and the new one ends with it: at logout, when it is revoked, and at the latest when it expires. From another
    /// network than that of the session's start a step-up is required (STEP_UP_REQUIRED), and the owner gets an e-mail. The
    /// tenant of the present session is refused with INVALID_STATE.
    #[mutation(authenticated, session)]
    async fn tenant_switch(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The slug of the tenant to come into.")] tenant: String,
    ) -> Answer<LoginPayload> {
        let auth_age = if ctx.step_up().is_ok() { AuthAge::Lately } else { AuthAge::LongAgo };
        login_payload(ctx, ctx.required_data::<Identity>()?.switch(session, &tenant, &visit_of(ctx), auth_age).await)
    }

    /// Removes the caller from the tenant: their rights and sessions there end. Records keep their
    /// name.
    #[mutation(authenticated, step_up, session)]
    async fn tenant_leave(&self, ctx: &Context<'_>) -> Answer<OkPayload> {
        OkPayload::of(ctx.required_data::<Identity>()?.leave(session).await)
    }

    /// Suspends a member, who can no longer log in. Their sessions end at once.
    #[mutation(permit = MemberWrite, step_up, session, once(argument), dry_run(rolled_back))]
    async fn member_suspend(&self, ctx: &Context<'_>, #[graphql(desc = "The member.")] id: ID) -> Answer<MemberPayload> {
        set_member_status(ctx, session, &id, MemberStatus::Suspended).await
    }

    /// Resumes a suspended member, who can log in again.
    #[mutation(permit = MemberWrite, step_up, session, once(argument), dry_run(rolled_back))]
    async fn member_resume(&self, ctx: &Context<'_>, #[graphql(desc = "The member.")] id: ID) -> Answer<MemberPayload> {
        set_member_status(ctx, session, &id, MemberStatus::Active).await
    }
}

async fn set_member_status(ctx: &Context<'_>, session: &Session, id: &ID, status: MemberStatus) -> Answer<MemberPayload> {
    let outcome = match id.parse::<MemberId>() {
        Ok(id) => ctx.required_data::<Identity>()?.set_member_status(session, id, status).await,
        Err(err) => Err(Rejection::from(InputRefusal::Id(err)).into()),
    };
    let (view, user_errors) = split_outcome(outcome)?;
    Ok(MemberPayload { member: view.map(Into::into), user_errors, replayed: false, seq: None })
}
