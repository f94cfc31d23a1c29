//! A `ViewReader` reads a view, page by page, with the rights and at the cost of its session, and
//! writes its rows as a file.

use std::{collections::BTreeMap, time::Duration};

use async_graphql::{Executor, Variables};
use entity::prelude::{PaperLocale, TableFormat};
use platform::storage::with_consistent_reads;
use serde_json::{Map, Value, json};
use services::saved_views::core::first_rows;
use tokio::time::timeout;

use super::{
    columns,
    drawn::{self, Heading, RenderError},
    layout::Layout,
    sent::{Format, Sheet},
    sheet,
};
use crate::envelope;
use graphql::{
    answer::{Answer, Errors},
    code::Code,
    operation::OperationService,
    request::GraphqlRequest,
    session::Session,
};

const VIEW_QUERY: &str = "query($view: SavedViewRef!) { savedView(by: $view) { id name document variables version } }";
const RESULT_QUERY: &str = "query($view: SavedViewRef!, $variables: JSON) { savedViewResult(view: $view, variables: $variables) {
    data errors { code message path permission } seq } }";
/// Rows of a table at most.
const MAX_ROWS: usize = 100_000;
/// Bytes of the answers that a table is made of, at most.
const MAX_BYTES: usize = 16 << 20;
/// Longest time to read a table as of one moment, the wait for its turn included.
const MAX_TIME: Duration = Duration::from_mins(1);
/// Pause before another try, which a refusal suggests.
pub(super) const PAUSE_MS: u64 = 1_000;

/// The requested view, and its fixed variables.
pub(super) struct Target {
    pub by: Value,
    pub variables: Option<Map<String, Value>>,
}

/// Rows, and the values beside the list.
type TableData = (Vec<Value>, Value);

/// Outcome of reading all pages of a table.
enum ReadOutcome {
    NoView,
    Changed,
    /// The view as it was read, and its rows.
    Read(Box<(Value, Layout, TableData)>),
}

/// Context of one reading of a view.
pub(super) struct ViewReader<'a, E> {
    pub service: &'a OperationService<E>,
    pub session: Session,
    pub id: &'a str,
}

/// Query parameters of an address.
pub(super) struct Parameters {
    pub variables: Map<String, Value>,
    pub rows: Option<String>,
    /// Language of a PDF.
    pub locale: PaperLocale,
}

impl Parameters {
    fn of(query: &str) -> Result<Self, String> {
        let mut parameters: BTreeMap<String, String> = envelope::parse_parameters(query)?;
        let variables = match parameters.remove("variables").filter(|text| !text.is_empty()) {
            None => Map::new(),
            Some(text) => serde_json::from_str(&text).map_err(|_| "`variables` must be a JSON map".to_owned())?,
        };
        let rows = parameters.remove("rows");
        let locale = match parameters.remove("locale") {
            None => PaperLocale::English,
            Some(text) => PaperLocale::parse(&text).ok_or_else(|| "`locale` must be EN, DE or FR".to_owned())?,
        };
        match parameters.into_keys().next() {
            Some(name) => Err(format!("`{name}` is no parameter of a view: there are `variables`, `rows` and `locale`")),
            None => Ok(Self { variables, rows, locale }),
        }
    }
}

impl<E: Executor> ViewReader<'_, E> {
    /// Returns the sheet that the query parameters select; `None` if there is no such view.
    pub async fn requested_sheet(&self, target: &Target, format: Format, query: &str) -> Result<Option<Sheet>, Errors> {
        let mut parameters = Parameters::of(query).map_err(|message| self.bad_request(message))?;
        if let Some(fixed_variables) = &target.variables {
            if !parameters.variables.is_empty() {
                return Err(self.bad_request("the variables of a link are fixed: leave `variables` out".to_owned()));
            }
            parameters.variables.clone_from(fixed_variables);
        }
        Box::pin(self.sheet(target, format, parameters)).await
    }

    pub async fn sheet(&self, target: &Target, format: Format, parameters: Parameters) -> Result<Option<Sheet>, Errors> {
        let Format::Table(table) = format else { return self.view_data(target, &parameters).await };
        let mut outcome = Box::pin(self.read_all_pages(target, &parameters)).await?;
        if matches!(outcome, ReadOutcome::Changed) {
            // Others write meanwhile: the pages are read as of one moment, which holds a connection.
            let consistent_read = Box::pin(with_consistent_reads(self.read_all_pages(target, &parameters)));
            outcome = timeout(MAX_TIME, consistent_read).await.map_err(|_late| self.too_slow())??;
        }
        let (view, layout, (rows, siblings)) = match outcome {
            ReadOutcome::NoView => return Ok(None),
            ReadOutcome::Changed => {
                let errors = Errors::one(Code::Unavailable, "the data changes while it is read: try again", self.id);
                return Err(Errors { retry_after_ms: Some(PAUSE_MS), ..errors });
            }
            ReadOutcome::Read(outcome) => *outcome,
        };
        let title = view["name"].as_str().unwrap_or_default().to_owned();
        let heading = Heading { title, locale: parameters.locale };
        let bytes = match table {
            TableFormat::Csv => Ok(sheet::csv(&layout, &rows).into_bytes()),
            TableFormat::Jsonl => Ok(sheet::jsonl(&rows).into_bytes()),
            TableFormat::Xlsx => drawn::xlsx(&layout, &rows).await,
            TableFormat::Pdf => drawn::pdf(&layout, &rows, &siblings, heading).await,
            TableFormat::Parquet => columns::parquet(&layout, &rows).await,
        };
        let bytes = bytes.map_err(|error| self.render_error(error))?;
        let chart = if table == TableFormat::Pdf { None } else { drawn::first_drawing(&siblings) };
        Ok(Some(Sheet { format, bytes, rows: rows.len(), first_rows: first_rows(rows), chart }))
    }

    /// A view's data in one reading, as JSON.
    async fn view_data(&self, target: &Target, parameters: &Parameters) -> Result<Option<Sheet>, Errors> {
        let view = self.view(&target.by).await?;
        let Some(id) = view["id"].as_str() else { return Ok(None) };
        let (result, _) = self.result(id, &parameters.variables).await?;
        let answer = json!({ "data": result["data"], "errors": result["errors"] });
        let bytes = answer.to_string().into_bytes();
        Ok(Some(Sheet { format: Format::Json, bytes, rows: 0, first_rows: Vec::new(), chart: None }))
    }

    /// A view with the rows of all its pages, unless something has changed between the first and the last.
    async fn read_all_pages(&self, target: &Target, parameters: &Parameters) -> Result<ReadOutcome, Errors> {
        let view = self.view(&target.by).await?;
        let (Some(id), Some(document)) = (view["id"].as_str(), view["document"].as_str()) else { return Ok(ReadOutcome::NoView) };
        let layout = Layout::of(document, parameters.rows.as_deref()).map_err(|message| self.bad_request(message))?;
        let own_variables = &view["variables"];
        layout
            .check(|name| parameters.variables.get(name).or_else(|| own_variables.get(name)))
            .map_err(|message| self.bad_request(message))?;
        let Some(rows_read) = self.read_rows(id, &layout, parameters.variables.clone()).await? else {
            return Ok(ReadOutcome::Changed);
        };
        // Another document has other columns.
        let is_same = self.view(&target.by).await? == view;
        Ok(if is_same { ReadOutcome::Read(Box::new((view, layout, rows_read))) } else { ReadOutcome::Changed })
    }

    async fn view(&self, by: &Value) -> Result<Value, Errors> {
        let (mut data, _) = self.run_query(VIEW_QUERY, json!({ "view": by })).await?;
        Ok(data["savedView"].take())
    }

    fn too_slow(&self) -> Errors {
        let seconds = MAX_TIME.as_secs();
        let message =
            format!("the pages could not be read as of one moment within {seconds} seconds: ask for larger ones, or try again");
        Errors { retry_after_ms: Some(PAUSE_MS), ..Errors::one(Code::Timeout, message, self.id) }
    }

    fn render_error(&self, error: RenderError) -> Errors {
        match error {
            RenderError::TooLarge(message) => Errors::one(Code::LimitExceeded, message, self.id),
            RenderError::Unfit(message) => self.bad_request(message),
            RenderError::Broken => Errors::one(Code::Internal, "internal error", self.id),
        }
    }

    /// Returns the rows of all pages, and the values beside the first page's list; `None` if the data changed meanwhile.
    async fn read_rows(
        &self,
        view: &str,
        layout: &Layout,
        mut variables: Map<String, Value>,
    ) -> Result<Option<TableData>, Errors> {
        let (mut rows, mut bytes, mut pages, mut first_seq, mut first_siblings) = (Vec::new(), 0, 0, None, None);
        loop {
            let (mut result, size) = self.result(view, &variables).await?;
            if let Some(error) = result["errors"].get(0) {
                return Err(self.document_error(error, error));
            }
            let seq = result["seq"].take();
            if *first_seq.get_or_insert_with(|| seq.clone()) != seq {
                return Ok(None);
            }
            let page = layout.page(&mut result["data"]).map_err(|message| self.bad_request(message))?;
            rows.extend(page.rows);
            first_siblings.get_or_insert(page.siblings);
            bytes += size;
            pages += 1;
            if rows.len() > MAX_ROWS || bytes > MAX_BYTES {
                let message = format!("a table has at most {MAX_ROWS} rows and {} MiB: narrow the view", MAX_BYTES >> 20);
                return Err(Errors::one(Code::LimitExceeded, message, self.id));
            }
            let Some(next) = page.next else { break };
            variables.insert("after".to_owned(), next.into());
        }
        // A page is no older than its `seq` and may be newer: the `seq` after the last page shows whether any was.
        let is_consistent = pages == 1 || Some(self.result(view, &variables).await?.0["seq"].take()) == first_seq;
        Ok(is_consistent.then(|| (rows, first_siblings.unwrap_or_default())))
    }

    /// Returns the result of a view, and the bytes of the response.
    async fn result(&self, view: &str, variables: &Map<String, Value>) -> Result<(Value, usize), Errors> {
        let (mut data, size) = self.run_query(RESULT_QUERY, json!({ "view": { "id": view }, "variables": variables })).await?;
        Ok((data["savedViewResult"].take(), size))
    }

    /// Runs one of our documents as its reader, who needs the view's own in the list if only listed ones are allowed.
    async fn run_query(&self, query: &str, variables: Value) -> Result<(Value, usize), Errors> {
        let (service, refusal) = (self.service, |refusal| Errors::from_refusal(refusal, self.id));
        let operation = service.guard.operation(query, None).map_err(refusal)?;
        let variables = Variables::from_json(variables);
        operation.check_variables(&variables, &service.limits).map_err(refusal)?;
        let params = GraphqlRequest { query: query.to_owned(), variables, ..GraphqlRequest::default() };
        let json = match Box::pin(service.run(&operation, params, &self.session, self.id)).await {
            Answer::Ran { json, .. } => json,
            Answer::Refused(errors) => return Err(errors),
        };
        let parsed = serde_json::from_slice(&json);
        let mut answer: Value = parsed.map_err(|_| Errors::one(Code::Internal, "internal error", self.id))?;
        match answer["errors"].get(0) {
            // Without its path, which is one of our own document.
            Some(error) => Err(self.document_error(&json!({ "message": error["message"] }), &error["extensions"])),
            None => Ok((answer["data"].take(), json.len())),
        }
    }

    /// Converts an error of a document; `extensions` has its code.
    fn document_error(&self, error: &Value, extensions: &Value) -> Errors {
        let code = extensions["code"].as_str().and_then(Code::parse).unwrap_or(Code::Internal);
        let mut message = error["message"].as_str().unwrap_or_default().to_owned();
        let path: Vec<&str> = error["path"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if !path.is_empty() {
            message = format!("{message}: at {}", path.join("."));
        }
        let errors = Errors::missing_permission(code, message, extensions["permission"].as_str(), self.id);
        Errors { retry_after_ms: extensions["retryAfterMs"].as_u64(), ..errors }
    }

    fn bad_request(&self, message: String) -> Errors {
        Errors::one(Code::BadRequest, message, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::sent::parse_file_name;

    #[test]
    fn an_address_says_the_view_and_its_format() {
        assert_eq!(parse_file_name("low-stock.csv"), Some(("low-stock", Format::Table(TableFormat::Csv))));
        assert_eq!(parse_file_name("low-stock.pdf"), Some(("low-stock", Format::Table(TableFormat::Pdf))));
        assert_eq!(parse_file_name("low-stock.parquet"), Some(("low-stock", Format::Table(TableFormat::Parquet))));
        for other in ["low-stock", "low-stock.xml", "csv"] {
            assert_eq!(parse_file_name(other), None, "{other}");
        }
        assert!(Parameters::of("variables=%7B%22n%22%3A5%7D&rows=stores").is_ok_and(|asked| asked.variables["n"] == 5));
        assert!(Parameters::of("locale=DE").is_ok_and(|asked| asked.locale == PaperLocale::German));
        for wrong in ["variables=5", "first=5", "rows=a&rows=b", "locale=de"] {
            assert!(Parameters::of(wrong).is_err(), "{wrong}");
        }
    }
}
