//! Mutations of roles, their members, and groups of stores.

use async_graphql::Context;
use entity::prelude::{GroupId, MemberId, RoleId, StoreId};
use iam::access::{
    Access, AccessError, ChangedValue, RoleView, UpdatedMemberGrants, core,
    events::{
        MEMBER_UPDATED, ROLE_CREATED, ROLE_DELETED, ROLE_UPDATED, STORE_GROUP_ARCHIVED, STORE_GROUP_CREATED,
        STORE_GROUP_RESTORED, STORE_GROUP_UPDATED,
    },
    kind,
};
use macros::resolvers;
use platform::{path, storage::dry_run};

use super::{
    Role, StoreGroup,
    inputs::{
        MemberRolesSetInput, RoleCreateInput, RoleDeleteInput, RoleUpdateInput, StoreGroupArchiveInput, StoreGroupCreateInput,
        StoreGroupRestoreInput, StoreGroupUpdateInput,
    },
    loads::{access_loaders, clear_loaders},
    refusal::access_errors,
};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        once::{EarlierCall, ReplayablePayload},
        reading::read,
        refusal::add_sent_values,
        scalars::Long,
    },
    identity::{Member, find_member},
    named, payload, row_names,
};

row_names!("role": role of RoleDeleteInput);
row_names!("group": group of StoreGroupArchiveInput, StoreGroupRestoreInput);
payload!(RolePayload, role: Role, "role");
payload!(MemberPayload, member: Member, "member");
payload!(StoreGroupPayload, store_group: StoreGroup, "group of stores");

impl RolePayload {
    fn of(ctx: &Context<'_>, outcome: Result<ChangedValue<RoleView>, AccessError>) -> Answer<Self> {
        clear_loaders(ctx);
        Ok(match outcome {
            Err(error) => {
                let mut errors = access_errors(error)?;
                add_sent_values(ctx, &mut errors);
                Self::from(errors)
            }
            Ok(ChangedValue { value, seq }) => {
                Self { role: Some(Role(value.into())), user_errors: Vec::new(), replayed: false, seq: seq.map(Long) }
            }
        })
    }
}

impl StoreGroupPayload {
    fn of(ctx: &Context<'_>, outcome: Result<ChangedValue<core::StoreGroup>, AccessError>) -> Answer<Self> {
        clear_loaders(ctx);
        Ok(match outcome {
            Err(error) => Self::from(access_errors(error)?),
            Ok(ChangedValue { value, seq }) => {
                let store_group = Some(StoreGroup::new(value.into()));
                Self { store_group, user_errors: Vec::new(), replayed: false, seq: seq.map(Long) }
            }
        })
    }
    /// Sets the stores that a dry run would leave in the group. Without a dry run, or with None,
    /// the group stays unchanged.
    fn with(self, stores: Option<Vec<StoreId>>) -> Self {
        let Some(stores) = stores.filter(|_| dry_run::is_on()) else { return self };
        Self { store_group: self.store_group.map(|group| group.with(stores)), ..self }
    }
}

impl ReplayablePayload for RolePayload {
    /// Omits a role that was deleted meanwhile.
    async fn replay(ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        let role_views = access_loaders(ctx)?.roles(ctx.required_data::<Access>()?).await?;
        let role = earlier.id::<RoleId>().and_then(|id| role_views.iter().find(|view| view.role.id == id).cloned());
        Ok(Self { role: role.map(Role), user_errors: Vec::new(), replayed: true, seq: earlier.seq().map(Long) })
    }
}

impl ReplayablePayload for StoreGroupPayload {
    async fn replay(ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        let group = match earlier.id::<GroupId>() {
            Some(id) => access_loaders(ctx)?.group(id).await?,
            None => None,
        };
        let store_group = group.map(StoreGroup::new);
        Ok(Self { store_group, user_errors: Vec::new(), replayed: true, seq: earlier.seq().map(Long) })
    }
}

impl ReplayablePayload for MemberPayload {
    async fn replay(ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        let id = earlier.id::<MemberId>().filter(|_| ctx.holds::<kind::MemberRead>());
        let member = match id {
            Some(id) => find_member(ctx, id).await?,
            None => None,
        };
        Ok(Self { member, user_errors: Vec::new(), replayed: true, seq: earlier.seq().map(Long) })
    }
}

/// Mutations of roles, their members, and groups of stores.
#[derive(Default)]
pub struct RightsMutation;

#[resolvers]
impl RightsMutation {
    /// Creates a role. It can grant only what you hold yourself, for all stores.
    #[mutation(permit = RoleWrite, step_up, once, emits(ROLE_CREATED), dry_run(rolled_back))]
    async fn role_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Role to create.")] input: RoleCreateInput,
    ) -> Answer<RolePayload> {
        named!(ctx, input, RolePayload, {
            match read(|reader| input.read(reader)) {
                Ok(new) => RolePayload::of(ctx, ctx.required_data::<Access>()?.role_create(permit, new).await),
                Err(errors) => Ok(RolePayload::from(errors)),
            }
        })
    }

    /// Changes a role of the tenant's own: a field that is omitted stays. Members with the role are
    /// affected within five seconds.
    #[mutation(permit = RoleWrite, step_up, once, emits(ROLE_UPDATED), dry_run(rolled_back))]
    async fn role_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Role to change, with its new values.")] input: RoleUpdateInput,
    ) -> Answer<RolePayload> {
        let expected = input.expected_version.0;
        named!(ctx, input, RolePayload, {
            let parts = read(|reader| {
                let id: RoleId = reader.row(input.id.take());
                (id, input.read(reader))
            });
            match parts {
                Ok((id, fields)) => {
                    RolePayload::of(ctx, ctx.required_data::<Access>()?.role_update(permit, (id, expected), fields).await)
                }
                Err(errors) => Ok(RolePayload::from(errors)),
            }
        })
    }

    /// Deletes a role of the tenant's own that no member has and no other role inherits.
    #[mutation(permit = RoleWrite, step_up, once, emits(ROLE_DELETED), dry_run(rolled_back))]
    async fn role_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Role to delete, with its expected version.")] input: RoleDeleteInput,
    ) -> Answer<RolePayload> {
        named!(ctx, input, RolePayload, {
            match read(|reader| -> RoleId { reader.row(input.id) }) {
                Ok(id) => {
                    RolePayload::of(ctx, ctx.required_data::<Access>()?.role_delete(permit, id, input.expected_version.0).await)
                }
                Err(errors) => Ok(RolePayload::from(errors)),
            }
        })
    }

    /// Sets the rights of a member: all of their grants. Grants that are added or removed must be within your own rights, and the
    /// last owner stays. The change applies within five seconds, on open sockets too.
    #[mutation(permit = MemberWrite, step_up, once, emits(MEMBER_UPDATED), was("memberUpdateRoles", "2026-11-25"), dry_run(rolled_back))]
    async fn member_roles_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Member to change, with all of the member's new grants.")] input: MemberRolesSetInput,
    ) -> Answer<MemberPayload> {
        named!(ctx, input, MemberPayload, {
            let parts = read(|reader| {
                let id: Option<MemberId> = reader.id_opt(input.member_id.as_ref(), || path!["input", "memberId"]);
                (id.unwrap_or(MemberId::NIL), input.grants(reader))
            });
            let (id, grants) = match parts {
                Ok(parts) => parts,
                Err(errors) => return Ok(MemberPayload::from(errors)),
            };
            let outcome =
                ctx.required_data::<Access>()?.member_update_roles(permit, (id, input.expected_version.0), grants).await;
            clear_loaders(ctx);
            match outcome {
                Err(error) => Ok(MemberPayload::from(access_errors(error)?)),
                Ok(ChangedValue { value: UpdatedMemberGrants { member: id, would_be }, seq }) => {
                    // The right to change members does not include that to see them.
                    let visible_member = if ctx.holds::<kind::MemberRead>() { find_member(ctx, id).await? } else { None };
                    let member = match would_be {
                        Some(would_be) => visible_member.map(|member| member.with(would_be)),
                        None => visible_member,
                    };
                    Ok(MemberPayload { member, user_errors: Vec::new(), replayed: false, seq: seq.map(Long) })
                }
            }
        })
    }

    /// Creates a group of stores.
    #[mutation(permit = StoreWrite, once, emits(STORE_GROUP_CREATED), dry_run(rolled_back))]
    async fn store_group_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Group of stores to create.")] input: StoreGroupCreateInput,
    ) -> Answer<StoreGroupPayload> {
        named!(ctx, input, StoreGroupPayload, {
            match read(|reader| input.read(reader)) {
                Ok(fields) => {
                    let stores = fields.stores.clone();
                    let outcome = ctx.required_data::<Access>()?.store_group_create(permit, fields).await;
                    Ok(StoreGroupPayload::of(ctx, outcome)?.with(stores))
                }
                Err(errors) => Ok(StoreGroupPayload::from(errors)),
            }
        })
    }

    /// Changes a group of stores. Fields that are left out stay as they are. Rights by the group apply to its stores as they are then, so you must hold the
    /// rights that you give or take so.
    #[mutation(permit = StoreWrite, step_up, once, emits(STORE_GROUP_UPDATED), dry_run(rolled_back))]
    async fn store_group_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Group of stores to change, with its new values.")] input: StoreGroupUpdateInput,
    ) -> Answer<StoreGroupPayload> {
        let expected = input.expected_version.0;
        named!(ctx, input, StoreGroupPayload, {
            let parts = read(|reader| {
                let id: GroupId = reader.row(input.id.take());
                (id, input.read(reader))
            });
            match parts {
                Ok((id, fields)) => {
                    let stores = fields.stores.clone();
                    let outcome = ctx.required_data::<Access>()?.store_group_update(permit, (id, expected), fields).await;
                    Ok(StoreGroupPayload::of(ctx, outcome)?.with(stores))
                }
                Err(errors) => Ok(StoreGroupPayload::from(errors)),
            }
        })
    }

    /// Takes a group of stores out of use: lists leave it out, and no grant, integration or key names it. Refused while members, integrations or
    /// keys have rights by it.
    #[mutation(permit = StoreWrite, once, emits(STORE_GROUP_ARCHIVED), dry_run(rolled_back))]
    async fn store_group_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Group of stores to archive, with its expected version.")] input: StoreGroupArchiveInput,
    ) -> Answer<StoreGroupPayload> {
        let expected = input.expected_version.map(|version| version.0);
        named!(ctx, input, StoreGroupPayload, {
            match read(|reader| -> GroupId { reader.row(input.id) }) {
                Ok(id) => {
                    StoreGroupPayload::of(ctx, ctx.required_data::<Access>()?.store_group_archive(permit, (id, expected)).await)
                }
                Err(errors) => Ok(StoreGroupPayload::from(errors)),
            }
        })
    }

    /// Takes an archived group of stores back into use, with the stores that it had.
    #[mutation(permit = StoreWrite, once, emits(STORE_GROUP_RESTORED), dry_run(rolled_back))]
    async fn store_group_restore(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Group of stores to restore, with its expected version.")] input: StoreGroupRestoreInput,
    ) -> Answer<StoreGroupPayload> {
        let expected = input.expected_version.map(|version| version.0);
        named!(ctx, input, StoreGroupPayload, {
            match read(|reader| -> GroupId { reader.row(input.id) }) {
                Ok(id) => {
                    StoreGroupPayload::of(ctx, ctx.required_data::<Access>()?.store_group_restore(permit, (id, expected)).await)
                }
                Err(errors) => Ok(StoreGroupPayload::from(errors)),
            }
        })
    }
}
