//! Measures and dimensions of the report builder.

use async_graphql::SimpleObject;
use services::reports;

use super::builder_enums::{ReportDimension, ReportMeasure, ReportUnit};

/// Measures and dimensions of `report`.
#[derive(SimpleObject)]
pub struct ReportCatalog {
    /// Measures that a report may have.
    pub measures: Vec<ReportMeasureInfo>,
    /// Dimensions that a report's rows may have.
    pub dimensions: Vec<ReportDimensionInfo>,
    /// Largest number of measures of a report.
    pub most_measures: i32,
    /// Largest number of dimensions of a report.
    pub most_dimensions: i32,
    /// Largest number of rows of a report.
    pub most_rows: i32,
}

/// Measure of the report builder.
#[derive(SimpleObject)]
pub struct ReportMeasureInfo {
    /// Measure.
    pub measure: ReportMeasure,
    /// Measure in words.
    pub description: &'static str,
    /// Unit of the measure.
    pub unit: ReportUnit,
    /// Dimensions by which the measure is available.
    pub combines_with: Vec<ReportDimension>,
    /// Dimensions whose rows sum to the total. Without one of a report's dimensions, the report has no total of it unless it is a ratio.
    pub adds_over: Vec<ReportDimension>,
    /// True if the measure is additive: its rows sum to the total by each dimension that it combines with.
    pub is_additive: bool,
    /// True if the measure is hidden from callers without product.cost.read.
    pub is_cost: bool,
    /// Deprecated name of `isCost`.
    #[graphql(deprecation = "2026-11-27: use isCost. Removed after 2027-11-27.")]
    pub shows_costs: bool,
}

/// Dimension of the report builder.
#[derive(SimpleObject)]
pub struct ReportDimensionInfo {
    /// Dimension.
    pub dimension: ReportDimension,
    /// Row in words.
    pub description: &'static str,
    /// True if the dimension is one of time. A report has at most one of those.
    pub is_of_time: bool,
}

impl ReportCatalog {
    pub(super) fn build() -> Self {
        let dimensions = reports::core::ReportDimension::ALL.map(|dimension| ReportDimensionInfo {
            dimension: dimension.into(),
            description: dimension.description(),
            is_of_time: dimension.unit().is_some(),
        });
        Self {
            measures: reports::core::ReportMeasure::ALL.map(measure_info).into(),
            dimensions: dimensions.into(),
            most_measures: reports::core::MAX_MEASURES as i32,
            most_dimensions: reports::core::MAX_DIMENSIONS as i32,
            most_rows: reports::core::MAX_GROUPS as i32,
        }
    }
}

fn measure_info(measure: reports::core::ReportMeasure) -> ReportMeasureInfo {
    let matching_dimensions = |predicate: &dyn Fn(reports::core::ReportDimension) -> bool| {
        let all = reports::core::ReportDimension::ALL.into_iter();
        all.filter(|dimension| predicate(*dimension)).map(ReportDimension::from).collect::<Vec<_>>()
    };
    let (combines_with, adds_over) =
        (matching_dimensions(&|other| measure.combines(other)), matching_dimensions(&|other| measure.adds_over(other)));
    ReportMeasureInfo {
        measure: measure.into(),
        description: measure.description(),
        unit: measure.unit().into(),
        is_additive: combines_with == adds_over,
        combines_with,
        adds_over,
        is_cost: measure.shows_costs(),
        shows_costs: measure.shows_costs(),
    }
}
