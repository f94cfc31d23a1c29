//! Reports of the caller's own making: measures by dimensions, compared and drawn.

use std::{collections::HashMap, sync::Arc};

use async_graphql::Context;
use iam::access::{Permit, kind};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::path;
use services::{
    demand::rows::FactKey,
    reports::{
        core::{self, Chart, ChartPoint, MAX_POINTS, MAX_STACKED, draw_chart, period_label},
        shell::{self, BuilderError, BuiltRow},
    },
};
use uuid::Uuid;

use super::{
    builder_catalog::ReportCatalog,
    builder_enums::{ReportChartKind, ReportComparison, ReportDimension, ReportMeasure, ReportSort},
    builder_row::{ReportRow, Shape, number, text},
    filter::{SalesReportFilter, latest_started_day, require_cost_access},
    links::{CurrencyCode, Date, Long, report_error},
    page::{ReportPaging, value_name},
};
use crate::graphql::{
    connection::{CountedPage, PageArgs},
    context::ContextExt,
    fault::{Answer, TopError},
    scalars::Cursor,
};

/// Pixels of a chart, each way.
const PIXEL_RANGE: std::ops::RangeInclusive<i32> = 160..=4_000;

/// Whether a chart may have this size.
pub(crate) fn check_pixels(width: i32, height: i32) -> Answer<()> {
    for (pixels, name) in [(width, "width"), (height, "height")] {
        if !PIXEL_RANGE.contains(&pixels) {
            return Err(TopError::bad_input("160 to 4,000 pixels are expected", vec![name.to_owned()]));
        }
    }
    Ok(())
}

/// A checked request for a chart.
struct ChartRequest {
    kind: core::ChartKind,
    measure: core::ReportMeasure,
    width: i32,
    height: i32,
}

/// A page of a report, its totals, and its drawing.
pub struct ReportRowConnection {
    page: CountedPage<ReportRow>,
    totals: ReportRow,
    row_count: usize,
    /// The first rows, as many as a chart has room for.
    first: Vec<BuiltRow>,
    before: Option<core::Span>,
    shape: Arc<Shape>,
}
crate::connection!(@edge ReportRowEdge, ReportRow, "rows of a report");

impl ReportRowConnection {
    /// Returns the chart of a measure, with the labels of its points.
    async fn chart(&self, ctx: &Context<'_>, permit: Permit<kind::ReportRead>, request: ChartRequest) -> Answer<Chart> {
        let ChartRequest { kind, measure, width, height } = request;
        let Shape { spec, source } = &*self.shape;
        let (dimension, second) = match spec.dimensions.as_slice() {
            [dimension] => (*dimension, None),
            [dimension, part] => (*dimension, Some(*part)),
            _ => return Err(TopError::bad_input("a report of one or two dimensions can be drawn", path!["dimensions"])),
        };
        let names = self.load_names(ctx, permit.clone(), (0, dimension)).await?;
        let parts_names = match second {
            Some(part) => {
                self.check_stackable((kind, measure), part)?;
                self.load_names(ctx, permit, (1, part)).await?
            }
            None => HashMap::new(),
        };
        let (mut columns, mut parts): (Vec<FactKey>, Vec<FactKey>) = (Vec::new(), Vec::new());
        let point = |row: &BuiltRow| {
            let (column, part) = (row.keys.first().copied(), row.keys.get(1).copied());
            let label = row_label(column, dimension, &names);
            let column = column.map_or(0, |key| index_or_insert(&mut columns, key));
            let part = part.map_or(0, |key| index_or_insert(&mut parts, key));
            let figure = row.cells.iter().find(|cell| cell.measure == measure).and_then(|cell| cell.now);
            let value = figure.map(|figure| number(measure, figure, source.currency));
            let text = figure.map(|figure| text(measure, figure, source.currency)).unwrap_or_default();
            ChartPoint { column, part, label, value, text }
        };
        let money = match measure.unit() {
            core::ReportUnit::Money => format!(" ({})", source.currency),
            _ => String::new(),
        };
        let (from, to) = (period_label(core::TimeUnit::Day, source.span.from), period_label(core::TimeUnit::Day, source.span.to));
        let by = match second {
            Some(part) => format!("{} and {}", sentence_case(dimension.name()), sentence_case(part.name())).to_lowercase(),
            None => sentence_case(dimension.name()).to_lowercase(),
        };
        let title = format!("{}{money} by {by}, {from} to {to}", sentence_case(measure.name()));
        let points = self.first.iter().map(point).collect();
        let parts = match second {
            Some(part) => parts.into_iter().map(|key| row_label(Some(key), part, &parts_names)).collect(),
            None => Vec::new(),
        };
        Ok(Chart { kind, title, width, height, parts, points, left_out: self.row_count.saturating_sub(self.first.len()) })
    }

    /// Names of the objects that rows have by the first or second dimension. Empty for a dimension
    /// of time.
    async fn load_names(
        &self,
        ctx: &Context<'_>,
        permit: Permit<kind::ReportRead>,
        (index, dimension): (usize, core::ReportDimension),
    ) -> Answer<HashMap<Uuid, String>> {
        let id_of = |row: &BuiltRow| match row.keys.get(index) {
            Some(FactKey::Id(id)) => Some(*id),
            _ => None,
        };
        let ids: Vec<Uuid> = self.first.iter().filter_map(id_of).collect();
        let database = ctx.required_data::<Ledger>()?.database();
        shell::report_names(permit, database, dimension, &ids).await.map_err(report_error)
    }

    /// Columns are stacked of what adds up, and are whole.
    fn check_stackable(
        &self,
        (kind, measure): (core::ChartKind, core::ReportMeasure),
        part: core::ReportDimension,
    ) -> Answer<()> {
        if kind != core::ChartKind::Bars {
            return Err(TopError::bad_input("a report of two dimensions is drawn as BARS", path!["kind"]));
        }
        if !measure.adds_over(part) {
            let message = "bars are stacked of a measure that adds over the second dimension: see addsOver in reportCatalog";
            return Err(TopError::bad_input(message, path!["measure"]));
        }
        if self.row_count > MAX_STACKED {
            let message = format!("a report of two dimensions is drawn with at most {MAX_STACKED} rows: narrow the filter");
            return Err(TopError::bad_input(message, path!["dimensions"]));
        }
        Ok(())
    }
}

/// The name of a row's object or period in a dimension.
fn row_label(key: Option<FactKey>, dimension: core::ReportDimension, names: &HashMap<Uuid, String>) -> String {
    match (key, dimension.unit()) {
        (Some(FactKey::Date(day)), Some(unit)) => period_label(unit, day),
        (Some(FactKey::Date(day)), None) => core::weekday_label(day).to_owned(),
        (Some(FactKey::Id(id)), _) => names.get(&id).cloned().unwrap_or_else(|| "–".to_owned()),
        _ => String::new(),
    }
}

/// The place of a key among those that were met before, where it is put if it was not.
fn index_or_insert(seen_keys: &mut Vec<FactKey>, key: FactKey) -> usize {
    seen_keys.iter().position(|seen_key| *seen_key == key).unwrap_or_else(|| {
        seen_keys.push(key);
        seen_keys.len() - 1
    })
}

/// A name of the schema in words: `SOLD_UNITS` is "Sold units".
fn sentence_case(name: &str) -> String {
    let text = name.replace('_', " ").to_lowercase();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A page of a report, its totals, and its drawing.
#[resolvers(connection(page, ReportRowEdge, ReportRow))]
impl ReportRowConnection {
    /// Totals of all rows, also those that are on no page. A measure whose rows do not add up has no value here.
    async fn totals(&self) -> &ReportRow {
        &self.totals
    }
    /// Number of rows on all pages together, at most 50,000.
    async fn row_count(&self) -> Long {
        Long(self.row_count as i64)
    }
    /// Currency of the amounts: the company's own. Documents in other currencies are left out.
    async fn currency(&self) -> CurrencyCode {
        CurrencyCode(self.shape.currency().to_string())
    }
    /// First business day of the report.
    async fn from(&self) -> Date {
        Date(self.shape.source.span.from)
    }
    /// Last business day of the report.
    async fn to(&self) -> Date {
        Date(self.shape.source.span.to)
    }
    /// Number of days of the report.
    async fn period_days(&self) -> Long {
        Long(self.shape.source.span.days())
    }
    /// First business day of those that the report is compared with. Null without a comparison.
    async fn compared_from(&self) -> Option<Date> {
        self.before.map(|span| Date(span.from))
    }
    /// Last business day of those that the report is compared with. Null without a comparison.
    async fn compared_to(&self) -> Option<Date> {
        self.before.map(|span| Date(span.to))
    }
    /// Number of the last event that the values include.
    async fn seq(&self) -> Long {
        Long(self.shape.source.progress.seq)
    }
    /// True if the values include the tenant's last event. After many changes they take some time: query again.
    async fn is_current(&self) -> bool {
        self.shape.source.progress.is_current()
    }
    /// Chart of one measure as an SVG drawing, without programs or links: its first 100 rows, in the order of the report. A report of two dimensions
    /// is drawn as bars by the first one, stacked of the second, with at most 500 rows and of a measure that adds over the second.
    #[field(permit = ReportRead, cost = "5")]
    async fn svg(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Drawing of the chart. Default BARS.", default_with = "ReportChartKind::Bars")] kind: ReportChartKind,
        #[graphql(desc = "One of the report's measures. Null for the first one.")] measure: Option<ReportMeasure>,
        #[graphql(desc = "Width in pixels, 160 to 4,000. Default 640.", default = 640)] width: i32,
        #[graphql(desc = "Height in pixels, 160 to 4,000. Default 320.", default = 320)] height: i32,
    ) -> Answer<String> {
        check_pixels(width, height)?;
        let measures = &self.shape.spec.measures;
        let measure = measure.map(core::ReportMeasure::from).or_else(|| measures.first().copied());
        let measure = measure.filter(|candidate| measures.contains(candidate));
        let measure = measure.ok_or_else(|| TopError::bad_input("one of the report's measures is expected", path!["measure"]))?;
        require_cost_access(ctx, measure.shows_costs())?;
        let chart = self.chart(ctx, permit, ChartRequest { kind: kind.into(), measure, width, height }).await?;
        Ok(draw_chart(&chart))
    }
}

/// The root fields of the report builder.
#[derive(Default)]
pub struct ReportBuilderQuery;

#[resolvers]
impl ReportBuilderQuery {
    /// Report of measures by dimensions, over demand facts, orders and days of stock: units and amounts sold, returned, earned and on hand, by time,
    /// product, category, supplier, store or channel. `reportCatalog` says what combines. Rows of zeros are left out, but a report by time alone has all of
    /// its days. A caller of some stores, or of a channel, is shown theirs.
    ///
    /// Requires report.read. Costs 20.
    #[field(permit = ReportRead, cost = "20", paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments are the API's")]
    async fn report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Measures of a row: 1 to 6, each once.")] measures: Vec<ReportMeasure>,
        #[graphql(desc = "Meaning of a row: 1 to 3 dimensions, each once, and one of time at most.")] dimensions: Vec<
            ReportDimension,
        >,
        #[graphql(desc = "Sales and stock to report on. Channels narrow sales alone.")] filter: SalesReportFilter,
        #[graphql(desc = "Days that each value is compared with. Null for none.")] comparison: Option<ReportComparison>,
        #[graphql(
            desc = "Order of the rows. Null sorts by the dimensions if one is of time or WEEKDAY, else by the first measure, the largest first."
        )]
        sort: Option<ReportSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<ReportRowConnection> {
        let sort = sort.map(ReportSort::read);
        require_cost_access(ctx, sort.is_some_and(|sort| sort.measure.shows_costs()))?;
        let paging = ReportPaging::of(ctx, list_name(&dimensions, &measures, sort), &PageArgs { first, after, last, before })?;
        let mut spec = core::ReportSpec {
            measures: measures.into_iter().map(Into::into).collect(),
            dimensions: dimensions.into_iter().map(Into::into).collect(),
            comparison: comparison.map(Into::into),
            sort,
            hides_costs: !ctx.caller()?.sees_costs(),
            is_of_channels: false,
            latest_day: i32::MAX,
        };
        if spec.sums(core::BaseSource::Spans) || spec.sums(core::BaseSource::Stockouts) {
            spec.latest_day = latest_started_day(ctx, &permit).await?;
        }
        let report_filter = filter.read(ctx).await?;
        let built = shell::built_report(permit, ctx.required_data::<Ledger>()?.database(), report_filter, spec.clone());
        let built = Box::pin(built).await.map_err(builder_error)?;
        let shape = Arc::new(Shape { spec, source: built.source });
        let row_count = built.rows.len();
        let row_limit = if shape.spec.dimensions.len() > 1 { MAX_STACKED } else { MAX_POINTS };
        let first_rows = built.rows.iter().take(row_limit).map(|(row, _)| row.clone()).collect();
        let page = paging.page(built.rows, |row| ReportRow { row, shape: shape.clone() });
        let totals = ReportRow { row: built.totals, shape: shape.clone() };
        let before = built.before.map(|before| before.span);
        Ok(ReportRowConnection { page, totals, row_count, first: first_rows, before, shape })
    }

    /// Catalogue of `report`: its measures and dimensions, their units, and what combines.
    ///
    /// Requires report.read.
    #[field(permit = ReportRead)]
    async fn report_catalog(&self, ctx: &Context<'_>) -> Answer<ReportCatalog> {
        Ok(ReportCatalog::build())
    }
}

/// Returns the list name that cursors are bound to, in the schema's words: the dimensions, and the
/// measure that the report is sorted by.
fn list_name(dimensions: &[ReportDimension], measures: &[ReportMeasure], sort: Option<core::ReportSort>) -> String {
    let is_by_time = dimensions.iter().any(|group_dimension| !core::ReportDimension::from(*group_dimension).is_by_id());
    let order = match (sort, measures.first()) {
        (Some(sort), _) => {
            let direction = if sort.is_descending { "DESC" } else { "ASC" };
            format!("{}:{direction}", sort.measure.name())
        }
        (None, Some(first)) if !is_by_time => format!("{}:DESC", value_name(*first)),
        _ => "KEY".to_owned(),
    };
    let dimensions: Vec<String> = dimensions.iter().map(|group_dimension| value_name(*group_dimension)).collect();
    format!("report:{}:{order}", dimensions.join(","))
}

fn builder_error(error: BuilderError) -> TopError {
    match error {
        BuilderError::Report(error) => report_error(error),
        BuilderError::Refused(refusal) => TopError::bad_input(refusal.to_string(), path![refusal.argument()]),
    }
}
