//! Categories: a tree. No category becomes its own ancestor, and no path is longer than
//! `MAX_DEPTH`.

use std::collections::{HashMap, HashSet};

use entity::prelude::{CategoryId, TenantId};
use serde::Serialize;

use super::{
    check::{Checker, MAX_DESCRIPTION, MAX_NAME, MAX_SEO_DESCRIPTION, input_path},
    command::{NewIdAndTime, Target},
    patch::Patch,
    rejection::{Problem, Rejection, Subject},
    text::slug_of,
    verdict::{Verdict, find_target},
};

pub use entity::category::Model as CategoryRow;

/// The longest path from a root to a leaf: bounds every walk up the tree.
pub const MAX_DEPTH: usize = 32;

/// A category as callers describe it. The parent comes as an id or as a slug.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CategoryFields {
    pub slug: Patch<String>,
    pub name: Patch<String>,
    pub parent_id: Patch<String>,
    pub parent_slug: Patch<String>,
    pub position: Patch<i32>,
    pub image_url: Patch<String>,
    pub metadata: Patch<serde_json::Value>,
    #[serde(skip_serializing_if = "CategoryTexts::is_empty")]
    pub texts: CategoryTexts,
}

/// Description, SEO texts and active flag of a category. They are left out of the digest if empty,
/// so that the digests of earlier idempotency keys stay the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CategoryTexts {
    pub description: Patch<String>,
    pub seo_title: Patch<String>,
    pub seo_description: Patch<String>,
    pub is_active: Patch<bool>,
}

impl CategoryTexts {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn check(&self, checker: &mut Checker) -> Self {
        let description = checker.optional_patch(&clear_if_blank(&self.description), |checker, value| {
            checker.multiline_text(input_path!["description"], value, MAX_DESCRIPTION)
        });
        let seo_title = checker.optional_patch(&clear_if_blank(&self.seo_title), |checker, value| {
            checker.line(input_path!["seoTitle"], value, MAX_NAME)
        });
        let seo_description = checker.optional_patch(&clear_if_blank(&self.seo_description), |checker, value| {
            checker.multiline_text(input_path!["seoDescription"], value, MAX_SEO_DESCRIPTION)
        });
        let is_active = checker.required_patch("isActive", &self.is_active, |_, value| Some(*value));
        Self { description, seo_title, seo_description, is_active }
    }

    fn apply(&self, row: &mut CategoryRow) {
        self.description.apply(&mut row.description);
        self.seo_title.apply(&mut row.seo_title);
        self.seo_description.apply(&mut row.seo_description);
        self.is_active.apply_value(&mut row.is_active);
    }
}

/// Treats an empty text as a request to clear the field.
fn clear_if_blank(patch: &Patch<String>) -> Patch<String> {
    match patch {
        Patch::Set(text) if text.trim().is_empty() => Patch::Clear,
        other => other.clone(),
    }
}

/// Reference to a category's parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parent {
    Id(CategoryId),
    Slug(String),
}

/// A checked command.
#[derive(Debug, Clone)]
pub struct CategoryCommand {
    pub target: Target<CategoryId>,
    pub slug: Patch<String>,
    pub name: Patch<String>,
    pub parent: Patch<Parent>,
    pub position: Patch<i32>,
    pub image_url: Patch<String>,
    pub metadata: Patch<String>,
    pub texts: CategoryTexts,
    pub problems: Vec<Problem>,
}

pub fn check(target: Target<CategoryId>, fields: &CategoryFields, mut checker: Checker) -> CategoryCommand {
    let name = checker.required_patch("name", &fields.name, |c, value| c.line(input_path!["name"], value, MAX_NAME));
    if target == Target::Key && fields.slug.is_keep() {
        checker.refuse(input_path!["slug"], Rejection::Required);
    }
    let mut slug = checker.required_patch("slug", &fields.slug, |c, value| c.slug(input_path!["slug"], value));
    if let (Target::New, true, Patch::Set(name)) = (&target, fields.slug.is_keep(), &name) {
        match slug_of(name) {
            derived_slug if derived_slug.is_empty() => checker.refuse(input_path!["slug"], Rejection::Required),
            derived_slug => slug = Patch::Set(derived_slug),
        }
    }
    let by_id = checker.optional_patch(&fields.parent_id, |c, value| c.category_id("parentId", value).map(Parent::Id));
    let by_slug =
        checker.optional_patch(&fields.parent_slug, |c, value| c.slug(input_path!["parentSlug"], value).map(Parent::Slug));
    let position = checker.required_patch("position", &fields.position, |c, value| {
        c.range(input_path!["position"], i64::from(*value), 0, i64::from(i32::MAX)).map(|_| *value)
    });
    let image_url = checker.optional_patch(&fields.image_url, |c, value| c.http_url(input_path!["imageUrl"], value));
    let metadata = match &fields.metadata {
        Patch::Clear => Patch::Set("{}".to_owned()),
        other => checker.optional_patch(other, |c, value| c.metadata(input_path!["metadata"], value)),
    };
    let texts = fields.texts.check(&mut checker);
    let parent = if by_id.is_keep() { by_slug } else { by_id };
    CategoryCommand { target, slug, name, parent, position, image_url, metadata, texts, problems: checker.problems }
}

/// Database state for a call's categories: the rows that they name, all ancestors of those, and all
/// descendants of a category that moves.
#[derive(Debug)]
pub struct CategoryContext {
    pub tenant: TenantId,
    pub rows: HashMap<CategoryId, CategoryRow>,
    pub by_slug: HashMap<String, CategoryId>,
    pub seen_keys: HashSet<String>,
}

impl CategoryContext {
    pub fn decide(&mut self, command: &CategoryCommand, id_and_time: NewIdAndTime) -> Verdict<CategoryRow> {
        let mut problems = command.problems.clone();
        let requested_slug = command.slug.set();
        let before = match &command.target {
            Target::New => None,
            Target::Key => requested_slug.and_then(|slug| self.by_slug.get(slug)).and_then(|id| self.rows.get(id)).cloned(),
            Target::Id { id, expected_version } => {
                match find_target(self.rows.get(id), *expected_version, Subject::Category, &command.problems) {
                    Ok(row) => Some(row.clone()),
                    Err(refusal) => return Verdict::Refused(refusal),
                }
            }
        };
        let mut row = before.clone().unwrap_or_else(|| self.blank(id_and_time));
        if let Some(slug) = requested_slug {
            if command.target == Target::Key && self.seen_keys.contains(slug) {
                problems.push(Problem::at("slug", Rejection::Repeated(Subject::Slug)));
            } else if self.by_slug.get(slug).is_some_and(|owner| *owner != row.id) {
                problems.push(Problem::at("slug", Rejection::Taken(Subject::Slug)));
            }
            row.slug.clone_from(slug);
        }
        if before.is_none() && command.name.is_keep() && problems.iter().all(|p| p.at != ["name"]) {
            problems.push(Problem::at("name", Rejection::Required));
        }
        command.name.apply_value(&mut row.name);
        command.position.apply_value(&mut row.position);
        command.image_url.apply(&mut row.image_url);
        command.metadata.apply_value(&mut row.metadata);
        command.texts.apply(&mut row);
        if let Err(problem) = self.set_parent(&command.parent, &mut row) {
            problems.push(problem);
        }
        if !problems.is_empty() {
            return Verdict::refused(problems);
        }
        self.seen_keys.extend(requested_slug.cloned());
        let verdict = match before {
            None => Verdict::Created(row.clone()),
            Some(before) if before == row => return Verdict::Unchanged(row),
            Some(before) => {
                (row.version, row.updated_at) = (row.version + 1, id_and_time.now);
                self.by_slug.remove(&before.slug);
                Verdict::Updated { before, after: row.clone() }
            }
        };
        self.by_slug.insert(row.slug.clone(), row.id);
        self.rows.insert(row.id, row);
        verdict
    }

    fn set_parent(&self, parent: &Patch<Parent>, row: &mut CategoryRow) -> Result<(), Problem> {
        let (field, id) = match parent {
            Patch::Keep => return Ok(()),
            Patch::Clear => {
                row.parent_id = None;
                return Ok(());
            }
            Patch::Set(Parent::Id(id)) => ("parentId", Some(*id).filter(|id| self.rows.contains_key(id))),
            Patch::Set(Parent::Slug(slug)) => ("parentSlug", self.by_slug.get(slug).copied()),
        };
        let refused = |rejection| Err(Problem::at(field, rejection));
        let Some(id) = id else { return refused(Rejection::Missing(Subject::Category)) };
        if row.parent_id == Some(id) {
            return Ok(());
        }
        if let Some(since) = self.rows.get(&id).and_then(|parent| parent.archived_at) {
            return refused(Rejection::ArchivedSince { what: Subject::Category, since });
        }
        let (mut next_ancestor, mut depth) = (Some(id), 1);
        while let Some(ancestor) = next_ancestor {
            if ancestor == row.id {
                return refused(Rejection::Cycle);
            }
            depth += 1;
            if depth > MAX_DEPTH {
                return refused(Rejection::TooDeep { most: MAX_DEPTH });
            }
            next_ancestor = self.rows.get(&ancestor).and_then(|row| row.parent_id);
        }
        if depth + self.height(row.id) > MAX_DEPTH {
            return refused(Rejection::TooDeep { most: MAX_DEPTH });
        }
        row.parent_id = Some(id);
        Ok(())
    }

    /// Returns the number of levels below a category, as far as they are loaded.
    fn height(&self, id: CategoryId) -> usize {
        let children = |level: &HashSet<CategoryId>| -> HashSet<CategoryId> {
            let is_child = |row: &&CategoryRow| row.parent_id.is_some_and(|above| level.contains(&above));
            self.rows.values().filter(is_child).map(|row| row.id).collect()
        };
        let (mut height, mut level) = (0, children(&HashSet::from([id])));
        while !level.is_empty() && height <= MAX_DEPTH {
            (height, level) = (height + 1, children(&level));
        }
        height
    }

    fn blank(&self, id_and_time: NewIdAndTime) -> CategoryRow {
        CategoryRow {
            tenant_id: self.tenant,
            id: CategoryId::from_uuid(id_and_time.id),
            parent_id: None,
            name: String::new(),
            slug: String::new(),
            position: 0,
            image_url: None,
            metadata: "{}".to_owned(),
            archived_at: None,
            version: 1,
            created_at: id_and_time.now,
            updated_at: id_and_time.now,
            description: None,
            seo_title: None,
            seo_description: None,
            is_active: true,
        }
    }
}
