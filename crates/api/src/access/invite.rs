//! Inviting people.

use async_graphql::{Context, ID};
use iam::{
    access::{Access, ChangedValue, core::Grant, events::MEMBER_INVITED, kind},
    identity::Identity,
};
use macros::resolvers;
use platform::path;

use super::{MemberPayload, RoleRef, StoreScopeInput, loads::clear_loaders, refusal::access_errors};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        reading::{InputErrors, read},
        scalars::{DateTime, Long},
    },
    identity::{find_member, split_outcome},
    named,
    references::Names,
};

/// The arguments that name things.
struct InviteArguments {
    roles: Option<Vec<RoleRef>>,
    role_ids: Vec<ID>,
    scope: StoreScopeInput,
}

impl InviteArguments {
    fn names(&mut self) -> Names<'_> {
        let roles = Names::of(Vec::new()).or_empty(("roles", self.roles.take()), ("roleIds", &mut self.role_ids));
        roles.and(self.scope.names(path!["scope"]))
    }

    fn grants(&self, expires_at: Option<DateTime>, reader: &mut InputErrors) -> Vec<Grant> {
        let scope = self.scope.read(reader, || path!["scope"]);
        let grant = |(index, id): (usize, &ID)| Grant {
            role: reader.id(id, || path!["roleIds", index]),
            scope: scope.clone(),
            expires_at: expires_at.map(|at| at.0),
        };
        self.role_ids.iter().enumerate().map(grant).collect()
    }
}

#[derive(Default)]
pub struct InviteMutation;

#[resolvers]
impl InviteMutation {
    /// Invites a person by e-mail address, with roles that must be within your own rights. The link
    /// in the e-mail is valid once, for seven days. The answer does not reveal whether the address
    /// has an account. With a scope of some stores, permissions for the whole tenant are left out of the roles: ignoredPermissions
    /// of each grant names them. With validateOnly no member is created, and the member in the answer is null.
    #[mutation(permit = MemberInvite, step_up, session, once(argument), emits(MEMBER_INVITED), dry_run(rolled_back))]
    #[expect(clippy::too_many_arguments, reason = "the arguments are the API's")]
    async fn member_invite(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "E-mail address of the person to invite.")] email: String,
        #[graphql(desc = "IDs of the roles that they are to have; empty beside `roles`, or for none.")] role_ids: Vec<ID>,
        #[graphql(desc = "Roles that they are to have. Null for those of `roleIds`.")] roles: Option<Vec<RoleRef>>,
        #[graphql(desc = "The stores that the roles are for.")] scope: StoreScopeInput,
        #[graphql(desc = "Time at which the roles expire. Null where they do not expire.")] expires_at: Option<DateTime>,
    ) -> Answer<MemberPayload> {
        let invited = InviteArguments { roles, role_ids, scope };
        named!(ctx, invited, MemberPayload, {
            let grants = match read(|reader| invited.grants(expires_at, reader)) {
                Ok(grants) => grants,
                Err(errors) => return Ok(MemberPayload::from(errors)),
            };
            let identity = ctx.required_data::<Identity>()?;
            let invitee = match split_outcome(identity.invitee(session, &email).await)? {
                (Some(invitee), _) => invitee,
                (None, errors) => return Ok(MemberPayload::from(errors)),
            };
            let outcome = ctx.required_data::<Access>()?.member_invite(identity, permit, &invitee, grants).await;
            clear_loaders(ctx);
            match outcome {
                Err(error) => Ok(MemberPayload::from(access_errors(error)?)),
                Ok(ChangedValue { value, seq }) => {
                    // The right to invite does not include that to see members.
                    let member = if ctx.holds::<kind::MemberRead>() { find_member(ctx, value).await? } else { None };
                    Ok(MemberPayload { member, user_errors: Vec::new(), replayed: false, seq: seq.map(Long) })
                }
            }
        })
    }
}
