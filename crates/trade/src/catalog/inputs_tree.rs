//! Inputs of categories, and of families.

use async_graphql::{ID, InputObject, MaybeUndefined};
use inventory::catalog::core::{
    Patch,
    category::{CategoryFields, CategoryTexts},
    family::FamilyFields,
};
use platform::path;

use super::{
    inputs::text,
    refs::{CategoryRef, ProductFamilyRef},
};
use crate::{
    graphql::{
        reading::{patch, value_or_deprecated},
        scalars::{Json, Long},
    },
    references::Names,
    row_names,
};

/// A new category.
#[derive(Debug, Clone, InputObject)]
pub struct CategoryCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Name of the category, at most 255 characters.
    pub name: String,
    /// Name of the category in URLs, unique in the tenant. Null to derive it from the name.
    pub slug: Option<String>,
    /// Deprecated form of `parent`: its ID.
    #[graphql(deprecation = "2026-11-26: use parent. Removed after 2027-11-26.")]
    pub parent_id: Option<ID>,
    /// Parent category. Null for a root.
    pub parent: Option<CategoryRef>,
    /// Position among the sibling categories, from 0; the smallest comes first. Null for 0.
    pub sort_index: Option<i32>,
    /// Deprecated name of `sortIndex`.
    #[graphql(deprecation = "2026-11-27: use sortIndex. Removed after 2027-11-27.")]
    pub position: Option<i32>,
    /// URL of the category's picture. Null for none.
    pub image_url: Option<String>,
    /// Custom data: a JSON object of at most 16 KiB. Null for {}.
    pub metadata: Option<Json>,
    /// Text about the category for shoppers, at most 10,000 characters. Null for none.
    pub description: Option<String>,
    /// True if shops show the category. Null for true.
    pub is_active: Option<bool>,
    /// Title of the category's page for search engines, at most 255 characters. Null for none.
    pub seo_title: Option<String>,
    /// Summary of the category's page for search engines, at most 1,000 characters. Null for none.
    pub seo_description: Option<String>,
}
impl CategoryCreateInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).optional(("parent", self.parent.take()), ("parentId", &mut self.parent_id))
    }
}
impl CategoryUpdateInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"])
            .required(("category", self.category.take()), ("id", &mut self.id))
            .patch(("parent", std::mem::take(&mut self.parent)), ("parentId", &mut self.parent_id))
    }
}
impl From<CategoryCreateInput> for CategoryFields {
    fn from(input: CategoryCreateInput) -> Self {
        Self {
            slug: input.slug.into(),
            name: Patch::Set(input.name),
            parent_id: input.parent_id.map(|id| id.0).into(),
            parent_slug: Patch::Keep,
            position: input.sort_index.or(input.position).into(),
            image_url: input.image_url.into(),
            metadata: input.metadata.map(|json| json.0).into(),
            texts: CategoryTexts {
                description: input.description.into(),
                seo_title: input.seo_title.into(),
                seo_description: input.seo_description.into(),
                is_active: input.is_active.into(),
            },
        }
    }
}

/// A change of a category. Fields that are left out stay as they are. Null clears a field, and is refused with REQUIRED
/// where one must have a value.
#[derive(Debug, Clone, InputObject)]
pub struct CategoryUpdateInput {
    /// ID of the category. Needed unless `category` names it.
    pub id: Option<ID>,
    /// The category, instead of `id`. Null where `id` is given.
    pub category: Option<CategoryRef>,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Name of the category, at most 255 characters.
    pub name: MaybeUndefined<String>,
    /// Name of the category in URLs, unique in the tenant.
    pub slug: MaybeUndefined<String>,
    /// Deprecated form of `parent`: its ID.
    #[graphql(deprecation = "2026-11-26: use parent. Removed after 2027-11-26.")]
    pub parent_id: MaybeUndefined<ID>,
    /// Parent category: neither the category nor one of its descendants. Null makes it a root.
    pub parent: MaybeUndefined<CategoryRef>,
    /// Position among the sibling categories, from 0; the smallest comes first. Left out, it stays; null is refused.
    pub sort_index: MaybeUndefined<i32>,
    /// Deprecated name of `sortIndex`.
    #[graphql(deprecation = "2026-11-27: use sortIndex. Removed after 2027-11-27.")]
    pub position: MaybeUndefined<i32>,
    /// URL of the category's picture. Null clears.
    pub image_url: MaybeUndefined<String>,
    /// Custom data: a JSON object of at most 16 KiB.
    pub metadata: MaybeUndefined<Json>,
    /// Text about the category for shoppers, at most 10,000 characters.
    pub description: MaybeUndefined<String>,
    /// True if shops show the category. Left out, it stays; null is refused.
    pub is_active: MaybeUndefined<bool>,
    /// Title of the category's page for search engines, at most 255 characters.
    pub seo_title: MaybeUndefined<String>,
    /// Summary of the category's page for search engines, at most 1,000 characters.
    pub seo_description: MaybeUndefined<String>,
}
impl From<CategoryUpdateInput> for CategoryFields {
    fn from(input: CategoryUpdateInput) -> Self {
        Self {
            slug: text(input.slug),
            name: text(input.name),
            parent_id: patch(input.parent_id, |id| id.0),
            parent_slug: Patch::Keep,
            position: patch(value_or_deprecated(input.sort_index, input.position), |position| position),
            image_url: text(input.image_url),
            metadata: patch(input.metadata, |json| json.0),
            texts: CategoryTexts {
                description: text(input.description),
                seo_title: text(input.seo_title),
                seo_description: text(input.seo_description),
                is_active: patch(input.is_active, |is_active| is_active),
            },
        }
    }
}

/// The category that goes out of use.
#[derive(Debug, Clone, InputObject)]
pub struct CategoryArchiveInput {
    /// ID of the category. Needed unless `category` names it.
    pub id: Option<ID>,
    /// The category, instead of `id`. Null where `id` is given.
    pub category: Option<CategoryRef>,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Idempotency key. A repeated call with the same key and input returns the first result. Required with `moveTo`. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Deprecated form of `moveTo`: its ID.
    #[graphql(deprecation = "2026-11-26: use moveTo. Removed after 2027-11-26.")]
    pub move_to_id: Option<ID>,
    /// Category that the products go to, archived ones with them, in the same step; at most 2,000. Null leaves products where they are.
    pub move_to: Option<CategoryRef>,
}
impl CategoryArchiveInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"])
            .required(("category", self.category.take()), ("id", &mut self.id))
            .optional(("moveTo", self.move_to.take()), ("moveToId", &mut self.move_to_id))
    }
}

/// A category to be made, or changed where there is one with this slug. Fields that are left out stay as they are. Null
/// clears a field, and is refused with REQUIRED where one must have a value.
#[derive(Debug, Clone, InputObject)]
pub struct CategoryUpsertInput {
    /// Finds the category.
    pub slug: String,
    /// Name of the category, at most 255 characters. Required when the row creates one.
    pub name: MaybeUndefined<String>,
    /// Slug of the parent category, which may be an earlier row. Null makes the category a root.
    pub parent_slug: MaybeUndefined<String>,
    /// Position among the sibling categories, from 0; the smallest comes first. Left out, it stays; null is refused.
    pub sort_index: MaybeUndefined<i32>,
    /// Deprecated name of `sortIndex`.
    #[graphql(deprecation = "2026-11-27: use sortIndex. Removed after 2027-11-27.")]
    pub position: MaybeUndefined<i32>,
    /// URL of the category's picture. Null clears.
    pub image_url: MaybeUndefined<String>,
    /// Custom data: a JSON object of at most 16 KiB.
    pub metadata: MaybeUndefined<Json>,
    /// Text about the category for shoppers, at most 10,000 characters.
    pub description: MaybeUndefined<String>,
    /// True if shops show the category. Left out, it is true where the row creates the category; null is refused.
    pub is_active: MaybeUndefined<bool>,
    /// Title of the category's page for search engines, at most 255 characters.
    pub seo_title: MaybeUndefined<String>,
    /// Summary of the category's page for search engines, at most 1,000 characters.
    pub seo_description: MaybeUndefined<String>,
}
impl From<CategoryUpsertInput> for CategoryFields {
    fn from(input: CategoryUpsertInput) -> Self {
        Self {
            slug: Patch::Set(input.slug),
            name: text(input.name),
            parent_id: Patch::Keep,
            parent_slug: text(input.parent_slug),
            position: patch(value_or_deprecated(input.sort_index, input.position), |position| position),
            image_url: text(input.image_url),
            metadata: patch(input.metadata, |json| json.0),
            texts: CategoryTexts {
                description: text(input.description),
                seo_title: text(input.seo_title),
                seo_description: text(input.seo_description),
                is_active: patch(input.is_active, |is_active| is_active),
            },
        }
    }
}

/// Categories to be made or changed, at most 500.
#[derive(Debug, Clone, InputObject)]
pub struct CategoryBulkUpsertInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// The categories, parents before their children, each answered by itself.
    pub rows: Vec<CategoryUpsertInput>,
}

/// A new family of variants.
#[derive(Debug, Clone, InputObject)]
pub struct ProductFamilyCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Name of the family, at most 255 characters.
    pub name: String,
    /// The options that each variant has a value for: 1 to 10.
    pub option_names: Vec<String>,
}
impl From<ProductFamilyCreateInput> for FamilyFields {
    fn from(input: ProductFamilyCreateInput) -> Self {
        Self { name: input.name, option_names: input.option_names }
    }
}

/// The family that goes out of use.
#[derive(Debug, Clone, InputObject)]
pub struct ProductFamilyArchiveInput {
    /// ID of the family. Needed unless `family` names it.
    pub id: Option<ID>,
    /// The family, instead of `id`. Null where `id` is given.
    pub family: Option<ProductFamilyRef>,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
}

/// The family that comes back into use.
#[derive(Debug, Clone, InputObject)]
pub struct ProductFamilyRestoreInput {
    /// ID of the family. Needed unless `family` names it.
    pub id: Option<ID>,
    /// The family, instead of `id`. Null where `id` is given.
    pub family: Option<ProductFamilyRef>,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
}

row_names!("family": family of ProductFamilyArchiveInput, ProductFamilyRestoreInput);
