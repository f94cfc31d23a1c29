//! Members of a tenant: their list, pending invitations, removals.

use async_graphql::{Context, ID};
use entity::prelude::MemberId;
use iam::{
    access::kind,
    identity::{Identity, IdentityError, InputRefusal, MemberPage, MemberView, MembersSorted, Rejection},
};
use macros::resolvers;
use platform::{paging::CursorSigner, path};

use super::{
    Member, MemberRef, MemberStatus, find_members_by_email,
    members::{MemberConnection, MemberFilter, MemberSort},
    mutation::{LoginPayload, login_payload, split_outcome, visit_of},
    sessions::OkPayload,
};
use crate::{
    access::MemberPayload,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        limits::Limits,
        scalars::Cursor,
    },
    orders::links::argument,
    periods::resolve_filter_periods,
};

#[derive(Default)]
pub struct MemberQuery;

#[resolvers]
impl MemberQuery {
    /// A member, also one who is invited or has left; null when there is none.
    #[field(permit = MemberRead)]
    async fn member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID or e-mail address of the member.")] by: MemberRef,
    ) -> Option<Answer<Member>> {
        find_member(ctx, by).await.transpose()
    }

    /// Members by e-mail address unless another order is asked for, including invited ones; without those who have left.
    #[field(permit = MemberRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Statuses to include; INVITED has the pending invitations. Null for all.")] status: Option<
            Vec<MemberStatus>,
        >,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Conditions on the members, beside the statuses. Null for all.")] filter: Option<MemberFilter>,
        #[graphql(desc = "Sort of the members. Null for EMAIL, ASC.")] sort: Option<MemberSort>,
    ) -> Answer<MemberConnection> {
        let (tenant, signer) = (ctx.caller()?.tenant, ctx.required_data::<CursorSigner>()?);
        let sorted = sort.map_or(MembersSorted::BY_EMAIL, MembersSorted::from);
        let kind = sorted.kind();
        let request = PageArgs { first, after, last, before }.check(&kind, signer, ctx.required_data::<Limits>()?.page)?;
        let filter = resolve_filter_periods(ctx, filter).await?.unwrap_or_default().read(status.unwrap_or_default())?;
        let page = MemberPage { filter, sorted, request };
        let rows = ctx.required_data::<Identity>()?.members(tenant, &page).await?;
        let nodes = rows.into_iter().map(|view| {
            let keys = sorted.keys(&view);
            (Member::from(view), keys)
        });
        let built = Page::build(nodes.collect(), &page.request, kind, signer);
        let (identity, filter) = (ctx.required_data::<Identity>()?.clone(), page.filter);
        let counted = built.with_count(move |max_count| {
            let (identity, filter) = (identity.clone(), filter.clone());
            let max_count = i64::try_from(max_count).unwrap_or(i64::MAX);
            async move { Ok::<i64, TopError>(identity.count_members(tenant, &filter, max_count).await?) }
        });
        Ok(counted.into())
    }
}

/// Returns the member that the argument `by` refers to, if there is one.
async fn find_member(ctx: &Context<'_>, by: MemberRef) -> Answer<Option<Member>> {
    let id: Option<MemberId> = match by {
        MemberRef::Id(id) => Some(argument(&id, || path!["by", "id"])?),
        MemberRef::Email(email) => find_members_by_email(ctx, &[email]).await?.into_values().next(),
    };
    match id {
        Some(id) => super::find_member(ctx, id).await,
        None => Ok(None),
    }
}

fn member_id(id: &ID) -> Result<MemberId, IdentityError> {
    id.parse().map_err(|err: entity::id::IdError| Rejection::from(InputRefusal::Id(err)).into())
}

#[derive(Default)]
pub struct InvitationMutation;

#[resolvers]
impl InvitationMutation {
    /// Accepts an invitation by the link that was sent, which is valid once, and logs in. A user
    /// who has an account under the address gives its password; a new user chooses a password and a
    /// name.
    #[mutation(public)]
    async fn invitation_accept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Token of the invitation link.")] token: String,
        #[graphql(desc = "Password of the account; for a new account 12 to 256 characters that are hard to guess.")]
        password: String,
        #[graphql(desc = "Name of a user who has no account yet, who needs one. Null for others, whose name stays.")]
        display_name: Option<String>,
    ) -> Answer<LoginPayload> {
        let identity = ctx.required_data::<Identity>()?;
        let accepted = Box::pin(identity.accept_invitation(&token, &password, display_name.as_deref(), &visit_of(ctx))).await;
        login_payload(ctx, accepted)
    }

    /// Sends an invitation once more, with a new link that is valid for seven days. The previous
    /// link becomes invalid.
    #[mutation(permit = MemberInvite, step_up, session, once(argument), dry_run(rolled_back))]
    async fn invitation_resend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The member who is invited.")] id: ID,
    ) -> Answer<MemberPayload> {
        let outcome = match member_id(&id) {
            Ok(id) => ctx.required_data::<Identity>()?.resend_invitation(session, id).await,
            Err(payload) => Err(payload),
        };
        member_payload(ctx, outcome)
    }

    /// Revokes an invitation: its link becomes invalid.
    #[mutation(permit = MemberInvite, step_up, session, once(argument), dry_run(rolled_back))]
    async fn invitation_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The member who is invited.")] id: ID,
    ) -> Answer<OkPayload> {
        let outcome = match member_id(&id) {
            Ok(id) => ctx.required_data::<Identity>()?.revoke_invitation(session, id).await,
            Err(payload) => Err(payload),
        };
        OkPayload::of(outcome)
    }

    /// Removes a member: their rights and sessions end at once. Records keep their name, and they
    /// can be invited again.
    #[mutation(permit = MemberWrite, step_up, session, once(argument), dry_run(rolled_back))]
    async fn member_remove(&self, ctx: &Context<'_>, #[graphql(desc = "The member.")] id: ID) -> Answer<MemberPayload> {
        let outcome = match member_id(&id) {
            Ok(id) => ctx.required_data::<Identity>()?.remove_member(session, id).await,
            Err(payload) => Err(payload),
        };
        member_payload(ctx, outcome)
    }
}

/// Converts the result of a change of a member. The member is null for a caller who may not see
/// members: the right to change them does not include that.
fn member_payload(ctx: &Context<'_>, outcome: Result<MemberView, IdentityError>) -> Answer<MemberPayload> {
    let (view, user_errors) = split_outcome(outcome)?;
    let member = view.filter(|_| ctx.holds::<kind::MemberRead>()).map(Into::into);
    Ok(MemberPayload { member, user_errors, replayed: false, seq: None })
}
