//! The union `Actor` (see `graphql/abstract_type.rs`), and the actor of an action.

use std::borrow::Cow;

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, OutputType, Positioned, ServerResult, UnionType, Value,
    parser::types::Field,
    registry::{MetaType, MetaTypeId, Registry},
    resolver_utils::{Fields, resolve_container},
};
use entity::prelude::{Actor as Who, ActorKind, IntegrationId, MemberId};
use iam::{
    access::kind,
    identity::{Identity, rows},
};

use super::types::{Member, SystemActor};
use crate::{
    access::{Integration, find_author},
    graphql::{
        abstract_type::{ObjectFields, abstract_type},
        context::ContextExt,
        fault::Answer,
    },
};

const NAME: &str = "Actor";

abstract_type! {
    /// Actor of an action: a member, an integration, the system, or anonymous.
    #[derive(Debug, Clone)]
    Actor {
        Member(Box<Member>),
        Integration(Integration),
        SystemActor(SystemActor),
    }
}

impl ContainerType for Actor {
    async fn resolve_field(&self, _ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        Ok(None)
    }

    fn collect_all_fields<'a>(&'a self, ctx: &ContextSelectionSet<'a>, fields: &mut Fields<'a>) -> ServerResult<()> {
        (ObjectFields::of(ctx)?.actor)(self, ctx, fields)
    }
}

impl OutputType for Actor {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed(NAME)
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.object_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Union, |registry| MetaType::Union {
            name: NAME.to_owned(),
            description: Some("Actor of an action: a member, an integration, the system, or anonymous.".to_owned()),
            possible_types: Self::describe_objects(registry, None),
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            rust_typename: Some(std::any::type_name::<Self>()),
            directive_invocations: Vec::new(),
        })
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _field: &Positioned<Field>) -> ServerResult<Value> {
        resolve_container(ctx, self).await
    }
}

impl UnionType for Actor {}

/// Returns the actor of an action. An action without an actor, or of one that no longer exists, is
/// the system's.
pub async fn actor(ctx: &Context<'_>, actor_ref: Who) -> Answer<Actor> {
    if actor_ref.kind == ActorKind::Member
        && let Some(member) = find_member(ctx, MemberId::from_uuid(actor_ref.id)).await?
    {
        return Ok(Actor::Member(Box::new(member)));
    }
    if actor_ref.kind == ActorKind::Integration
        && let Some(integration) = find_author(ctx, IntegrationId::from_uuid(actor_ref.id)).await?
    {
        return Ok(Actor::Integration(integration));
    }
    Ok(Actor::SystemActor(SystemActor { name: actor_ref.system_name().to_owned() }))
}

/// A member of the caller's tenant, for callers who may see members. Callers see themselves.
pub async fn find_member(ctx: &Context<'_>, id: MemberId) -> Answer<Option<Member>> {
    let (identity, caller) = (ctx.required_data::<Identity>()?, ctx.caller()?);
    if caller.actor != Who::member(id) {
        ctx.permit::<kind::MemberRead>()?;
    }
    let member_view = rows::members::member_with_user(&identity.database().global(), caller.tenant, id).await?;
    Ok(member_view.map(Member::from))
}
