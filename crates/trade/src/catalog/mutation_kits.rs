//! Making and changing kits.

use async_graphql::{Context, ID, InputObject};
use iam::access::kind;
use inventory::catalog::{
    CallOptions, Catalog,
    core::kit::{ComponentText, KitFields},
    events::PRODUCT_UPDATED,
};
use macros::resolvers;
use platform::path;

use super::{
    Product, ProductRef,
    inputs_archiving::resolved_row_ref,
    payload::{Parts, ProductPayload, parts, row_visibility},
};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{Long, Quantity},
    },
    named,
    references::Names,
};

/// Component of a kit: a product and its quantity in one kit.
#[derive(Debug, Clone, InputObject)]
pub struct KitComponentInput {
    /// Deprecated form of `product`: its ID.
    #[graphql(deprecation = "2026-11-26: use product. Removed after 2027-11-26.")]
    pub product_id: Option<ID>,
    /// The product: one that is stocked, not archived, and no kit. Required, unless the deprecated `productId` is given.
    pub product: Option<ProductRef>,
    /// Quantity in one kit, in the component's smallest unit; above 0.
    pub quantity: Quantity,
}

/// Components of a kit, in place of the present ones.
#[derive(Debug, Clone, InputObject)]
pub struct KitSetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the product. Needed unless `product` names it.
    pub id: Option<ID>,
    /// The product, instead of `id`. Null where `id` is given.
    pub product: Option<ProductRef>,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Components of one kit, each product once, at most 50. An empty list makes the product an
    /// ordinary one.
    pub components: Vec<KitComponentInput>,
}

impl KitSetInput {
    fn names(&mut self) -> Names<'_> {
        let components = self.components.iter_mut().enumerate().map(|(index, component)| {
            let names = Names::of(path!["input", "components", index]);
            names.required(("product", component.product.take()), ("productId", &mut component.product_id))
        });
        let kit = Names::of(path!["input"]).required(("product", self.product.take()), ("id", &mut self.id));
        components.fold(kit, Names::and)
    }
}

/// Kits.
#[derive(Default)]
pub struct KitMutation;

#[resolvers]
impl KitMutation {
    /// Makes a product a kit, which is sold as one and whose stock is that of its components; or changes what it is made of, which changes nothing of
    /// orders that are there. The product becomes UNTRACKED; it is counted in whole ones and must have no stock, reservations or open documents of its own.
    /// Kits are not made of kits.
    #[mutation(permit = ProductWrite, emits(PRODUCT_UPDATED), dry_run(record))]
    async fn kit_set(&self, ctx: &Context<'_>, #[graphql(desc = "The kit.")] input: KitSetInput) -> Answer<ProductPayload> {
        named!(ctx, input, ProductPayload, {
            let options = CallOptions { key: Some(input.idempotency_key), mode: dry_run };
            let component = |component_input: KitComponentInput| ComponentText {
                product_id: component_input.product_id.map(|id| id.0).unwrap_or_default(),
                quantity: component_input.quantity.0.get(),
            };
            let fields = KitFields { components: input.components.into_iter().map(component).collect() };
            let target = resolved_row_ref(input.id.as_ref(), input.expected_version);
            let batch = ctx.required_data::<Catalog>()?.kit_set(permit, target, fields, options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::ProductRead>(ctx)?, |kit| Product::from(kit.row));
            Ok(ProductPayload { product: entity, user_errors, replayed, seq })
        })
    }
}
