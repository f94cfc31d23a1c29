//! A table of a view for code that sends it elsewhere: the same text as under its address, with the
//! rights and at the cost of a session.

use async_graphql::Executor;
use entity::prelude::{PaperLocale, TableFormat};
use serde_json::{Map, Value, json};

use super::{
    layout::Layout,
    reader::{Parameters, Target, ViewReader},
    sent::{Format, Sheet},
};
use graphql::{answer::Errors, operation::OperationService, session::Session};

/// The table that is wanted.
pub struct TableQuery {
    /// ID of the view.
    pub view: String,
    pub variables: Map<String, Value>,
    /// Path of the list whose rows are wanted, where the view has several.
    pub rows: Option<String>,
    pub format: TableFormat,
    /// Language of a PDF.
    pub locale: PaperLocale,
}

/// A whole table.
pub struct RenderedTable {
    pub bytes: Vec<u8>,
    /// Number of rows, without the head.
    pub rows: usize,
    /// The first of them, as many as an event has.
    pub first_rows: Vec<Value>,
    /// The SVG that the document selects beside the list; None of pages, which it is drawn on.
    pub chart: Option<String>,
}

/// Returns the reason, in words for the caller, for which the list of a document at this path has
/// no table.
pub fn table_problem(document: &str, rows: Option<&str>) -> Option<String> {
    Layout::of(document, rows).err()
}

/// Makes a table with the rights of the session. `None` if the view does not exist.
///
/// # Errors
/// The table would not be complete, or its reader may not see all of it.
pub async fn view_table<E: Executor>(
    service: &OperationService<E>,
    session: Session,
    id: &str,
    query: TableQuery,
) -> Result<Option<RenderedTable>, Errors> {
    let reader = ViewReader { service, session, id };
    let target = Target { by: json!({ "id": query.view }), variables: None };
    let parameters = Parameters { variables: query.variables, rows: query.rows, locale: query.locale };
    let sheet = Box::pin(reader.sheet(&target, Format::Table(query.format), parameters)).await?;
    let to_rendered =
        |sheet: Sheet| RenderedTable { bytes: sheet.bytes, rows: sheet.rows, first_rows: sheet.first_rows, chart: sheet.chart };
    Ok(sheet.map(to_rendered))
}
