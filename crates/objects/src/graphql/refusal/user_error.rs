//! The interface `UserError`: see `graphql/abstract_type.rs`.

use std::borrow::Cow;

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, Error, InterfaceType, OutputType, Positioned, Result, ServerResult, Value,
    indexmap::IndexMap,
    parser::types::Field,
    registry::{MetaField, MetaType, MetaTypeId, Registry},
    resolver_utils::{Fields, resolve_container},
};

use super::{ErrorCode, InUse, InputError, InsufficientStock, Path, VersionConflict};
use crate::graphql::abstract_type::{ObjectFields, abstract_type};

const NAME: &str = "UserError";

abstract_type! {
    /// A refusal as data: nothing was changed.
    UserError {
        InputError(InputError),
        VersionConflict(Box<VersionConflict>),
        InsufficientStock(Box<InsufficientStock>),
        InUse(Box<InUse>),
    }
}

/// Evaluates the same expression for a refusal of each type.
macro_rules! of_each {
    ($error:expr, $refusal:ident => $said:expr) => {
        match $error {
            UserError::InputError($refusal) => $said,
            UserError::VersionConflict($refusal) => $said,
            UserError::InsufficientStock($refusal) => $said,
            UserError::InUse($refusal) => $said,
        }
    };
}

impl UserError {
    fn code(&self) -> ErrorCode {
        of_each!(self, refusal => refusal.code)
    }
    fn message(&self) -> &str {
        of_each!(self, refusal => &refusal.message)
    }
    async fn field(&self, ctx: &Context<'_>) -> Result<Option<Path>> {
        of_each!(self, refusal => refusal.field(ctx).await)
    }
    async fn value(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        of_each!(self, refusal => refusal.value(ctx).await)
    }
    fn is_retryable(&self) -> bool {
        of_each!(self, refusal => refusal.retryable)
    }
    async fn docs(&self, ctx: &Context<'_>) -> Result<String> {
        of_each!(self, refusal => refusal.docs(ctx).await)
    }

    fn describe_fields(registry: &mut Registry) -> IndexMap<String, MetaField> {
        let fields = [
            ("code", <ErrorCode as OutputType>::create_type_info(registry), "Stable code of the refusal."),
            (
                "message",
                <String as OutputType>::create_type_info(registry),
                "Explanation of the refusal in words, with the values that would be accepted.",
            ),
            (
                "field",
                <Option<Path> as OutputType>::create_type_info(registry),
                "The path to the input field that is meant, list positions included. The path of a reference that names nothing ends at \
                 the key that was sent, as input, lines, 0, product, sku. Null where no field is meant.",
            ),
            (
                "value",
                <Option<String> as OutputType>::create_type_info(registry),
                "Value that was sent at `field`, as the SKU that names no product; of a reference the value of its one field. Null for \
                 lists and other objects, beyond 200 bytes, and for secrets.",
            ),
            (
                "retryable",
                <bool as OutputType>::create_type_info(registry),
                "True if the call may succeed later without being changed.",
            ),
            (
                "docs",
                <String as OutputType>::create_type_info(registry),
                "Path of the explanation of the code in the reference: `/docs/errors#NOT_FOUND`. Served where introspection is open.",
            ),
        ];
        let meta_fields = fields.map(|(name, field_type, description)| {
            let mut field = MetaField::new(name, field_type);
            field.description = Some(description.to_owned());
            (name.to_owned(), field)
        });
        IndexMap::from(meta_fields)
    }
}

impl ContainerType for UserError {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        let ctx_value = ctx.with_selection_set(&ctx.item.node.selection_set);
        let to_located = |fault: Error| fault.into_server_error(ctx.item.pos);
        let value = match ctx.item.node.name.node.as_str() {
            "code" => OutputType::resolve(&self.code(), &ctx_value, ctx.item).await?,
            "message" => OutputType::resolve(self.message(), &ctx_value, ctx.item).await?,
            "field" => OutputType::resolve(&self.field(ctx).await.map_err(to_located)?, &ctx_value, ctx.item).await?,
            "value" => OutputType::resolve(&self.value(ctx).await.map_err(to_located)?, &ctx_value, ctx.item).await?,
            "retryable" => OutputType::resolve(&self.is_retryable(), &ctx_value, ctx.item).await?,
            "docs" => OutputType::resolve(&self.docs(ctx).await.map_err(to_located)?, &ctx_value, ctx.item).await?,
            _ => return Ok(None),
        };
        Ok(Some(value))
    }

    fn collect_all_fields<'a>(&'a self, ctx: &ContextSelectionSet<'a>, fields: &mut Fields<'a>) -> ServerResult<()> {
        (ObjectFields::of(ctx)?.user_error)(self, ctx, fields)
    }
}

impl OutputType for UserError {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed(NAME)
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.object_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Interface, |registry| {
            let possible_types = Self::describe_objects(registry, Some(NAME));
            MetaType::Interface {
                name: NAME.to_owned(),
                description: Some("A refusal as data: nothing was changed.".to_owned()),
                fields: Self::describe_fields(registry),
                possible_types,
                extends: false,
                keys: None,
                visible: None,
                inaccessible: false,
                tags: Vec::new(),
                rust_typename: Some(std::any::type_name::<Self>()),
                directive_invocations: Vec::new(),
                requires_scopes: Vec::new(),
            }
        })
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _field: &Positioned<Field>) -> ServerResult<Value> {
        resolve_container(ctx, self).await
    }
}

impl InterfaceType for UserError {}
