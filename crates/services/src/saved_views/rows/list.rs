//! Lists of saved views.

use entity::{
    prelude::{ActorKind, MemberId},
    record::Selected,
};
use inventory::orders::rows::{Clause, Span, TextTest};
use platform::{
    paging::{Key, ListPage, ListSource, PageRequest, SortBy, Sorted},
    storage::{Backend, Fault, Finds, Nested, Reads},
};
use sea_orm::Value;
use uuid::Uuid;

use super::view_row::ViewRow;
use crate::saved_views::core::{View, ViewReader};

/// Sort field of views; the ID breaks ties. Only slugs have an index: a tenant has few views.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewSort {
    Slug,
    /// The case of ASCII letters is ignored, alike in both databases.
    Name,
    CreatedAt,
    UpdatedAt,
}

/// A sort and its direction.
pub type ViewsSorted = Sorted<ViewSort>;

impl SortBy for ViewSort {
    type Row = View;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::Slug, descending: false };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Slug => ("SLUG", &["v.slug", "v.id"]),
            Self::Name => ("NAME", &["lower(v.name)", "v.id"]),
            Self::CreatedAt => ("CREATED_AT", &["v.created_at", "v.id"]),
            Self::UpdatedAt => ("UPDATED_AT", &["v.updated_at", "v.id"]),
        }
    }
    fn keys(self, view: &View) -> Vec<Key> {
        let first = match self {
            Self::Slug => Key::Text(view.fields.slug.clone()),
            Self::Name => Key::Text(view.fields.name.to_ascii_lowercase()),
            Self::CreatedAt => Key::Int(view.created_at.micros()),
            Self::UpdatedAt => Key::Int(view.updated_at.micros()),
        };
        vec![first, view.id.into()]
    }
}

/// Filter of the views that a caller may read; a field that is `None` is ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ViewFilter {
    /// Tests of the slug; each must pass.
    pub slugs: Vec<TextTest>,
    /// Part of the name or of the slug. ASCII letters match in either case.
    pub search: Option<String>,
    pub is_paused: Option<bool>,
    /// Creators, any of which matches; an empty list matches nothing.
    pub created_by: Option<Vec<Uuid>>,
    pub created_at: Option<Span>,
    pub updated_at: Option<Span>,
}

impl ViewFilter {
    /// Adds the conditions on `saved_view v`, each beginning with ` AND `.
    fn push_to(&self, clause: &mut Clause) {
        for test in &self.slugs {
            clause.push(" AND ");
            clause.text("v.slug", test);
        }
        if let Some(text) = &self.search {
            let number = clause.bind(text.to_ascii_lowercase());
            let (finder, collation) = match clause.backend() {
                Backend::Postgres => ("strpos", " COLLATE \"C\""),
                Backend::Sqlite => ("instr", ""),
            };
            let has = |column: &str| format!("{finder}(lower({column}{collation}), ${number}) > 0");
            clause.push(&format!(" AND ({} OR {})", has("v.name"), has("v.slug")));
        }
        if let Some(is_paused) = self.is_paused {
            let number = clause.bind(i32::from(is_paused));
            clause.push(&format!(" AND v.is_paused = ${number}"));
        }
        if let Some(actors) = &self.created_by {
            clause.push(" AND ");
            clause.ids("v.actor_id", actors);
        }
        for (column, span) in [("v.created_at", self.created_at), ("v.updated_at", self.updated_at)] {
            if let Some(span) = span {
                clause.push(" AND ");
                clause.span(column, span);
            }
        }
    }
}

/// Returns the condition on views that an actor may read, as SQL with values from `$2`: the
/// equivalent of `View::is_readable_by`. Lists of IDs are texts in which each ID is quoted.
fn shared_with(reader: &ViewReader) -> (String, Vec<Value>) {
    if reader.manages {
        return (String::new(), Vec::new());
    }
    let mut sql = " AND (v.readers IS NULL OR (v.actor_kind = $2 AND v.actor_id = $3)".to_owned();
    let mut values: Vec<Value> = vec![reader.actor.kind.as_str().into(), reader.actor.id.into()];
    let member = (reader.actor.kind == ActorKind::Member).then(|| MemberId::from_uuid(reader.actor.id).to_string());
    for id in member.into_iter().chain(reader.roles.iter().map(ToString::to_string)) {
        values.push(format!("%\"{id}\"%").into());
        sql.push_str(&format!(" OR v.readers LIKE ${}", values.len() + 1));
    }
    sql.push(')');
    (sql, values)
}

/// Reads a page of the views that an actor may read and that match the filter, sorted.
pub async fn view_page(
    reads: &impl Reads,
    reader: &ViewReader,
    (filter, sorted): (&Nested<ViewFilter>, ViewsSorted),
    request: &PageRequest,
) -> Result<ListPage<View>, Fault> {
    let (shared, mut values) = shared_with(reader);
    let mut clause = Clause::new(reads.backend(), values.len() + 2);
    clause.nested(filter, |clause, filter: &ViewFilter| filter.push_to(clause));
    let from = format!("FROM saved_view v WHERE v.tenant_id = $1{shared}{}", clause.sql);
    values.extend(clause.values);
    let source = ListSource { from, values };
    let (sql, values) = sorted.page(source.clone(), ViewRow::SELECT, request);
    let rows: Result<Vec<View>, Fault> = reads.records::<ViewRow>(&sql, values).await?.into_iter().map(View::try_from).collect();
    Ok(ListPage { rows: rows?, source })
}
