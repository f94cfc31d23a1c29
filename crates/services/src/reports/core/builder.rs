//! The input of the report builder, its limits, and the reasons to refuse it.

use super::{
    calendar::{Comparison, TimeUnit},
    dimension::ReportDimension,
    measure::{Base, BaseSource, ReportMeasure},
};

/// Measures that a report may have.
pub const MAX_MEASURES: usize = 6;
/// Dimensions that a report may have.
pub const MAX_DIMENSIONS: usize = 3;
/// Rows that a report may have.
pub const MAX_GROUPS: usize = 50_000;

/// Input of the report builder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportSpec {
    pub measures: Vec<ReportMeasure>,
    pub dimensions: Vec<ReportDimension>,
    pub comparison: Option<Comparison>,
    /// None: by time if a dimension is of time or of weekdays, or else by the first measure, the
    /// largest first.
    pub sort: Option<ReportSort>,
    /// Whether the caller may not see costs: measures of them have no figures.
    pub hides_costs: bool,
    /// Whether the report is restricted to channels, by its filter or by the caller's permission.
    pub is_of_channels: bool,
    /// The latest day that has begun: days with and without stock, and the cost of stock-outs, do
    /// not include later ones.
    pub latest_day: i32,
}

/// The measure that rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportSort {
    pub measure: ReportMeasure,
    pub is_descending: bool,
}

/// Reasons to refuse a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuilderRefusal {
    #[error("1 to 6 measures are expected, each once")]
    Measures,
    #[error("1 to 3 dimensions are expected, each once")]
    Dimensions,
    #[error("DAY, WEEK, MONTH, QUARTER and YEAR exclude each other: a report has one of them at most")]
    TwoTimes,
    #[error("{} cannot be grouped by {}: see combinesWith in reportCatalog", .0.name(), .1.name())]
    Apart(ReportMeasure, ReportDimension),
    #[error("{} needs {}, which cannot be grouped by {}: see combinesWith in reportCatalog", .0.name(), .1.name(), .2.name())]
    WithoutBase(ReportMeasure, Base, ReportDimension),
    #[error("{} is of stock, which belongs to no channel: leave the channels out of the filter", .0.name())]
    OfNoChannel(ReportMeasure),
    #[error("rows are sorted by a measure of the report, and {} is none", .0.name())]
    Sort(ReportMeasure),
    #[error("more than 50,000 rows: narrow the filter, or leave out a dimension")]
    Groups,
}

impl BuilderRefusal {
    /// The refused argument.
    pub const fn argument(self) -> &'static str {
        match self {
            Self::Measures | Self::Apart(..) | Self::WithoutBase(..) => "measures",
            Self::Dimensions | Self::TwoTimes | Self::Groups => "dimensions",
            Self::OfNoChannel(_) => "filter",
            Self::Sort(_) => "sort",
        }
    }
}

impl ReportSpec {
    /// Checks the number of measures and dimensions, that none is repeated, that they can be
    /// combined, and that the sort names one of the measures.
    pub fn check(&self) -> Result<(), BuilderRefusal> {
        let Self { measures, dimensions, .. } = self;
        if measures.is_empty() || measures.len() > MAX_MEASURES || !has_no_duplicates(measures) {
            return Err(BuilderRefusal::Measures);
        }
        if dimensions.is_empty() || dimensions.len() > MAX_DIMENSIONS || !has_no_duplicates(dimensions) {
            return Err(BuilderRefusal::Dimensions);
        }
        if dimensions.iter().filter(|candidate| candidate.unit().is_some()).count() > 1 {
            return Err(BuilderRefusal::TwoTimes);
        }
        for measure in measures {
            for dimension in dimensions {
                if let Some(base) = measure.bases().find(|base| !base.combines(*dimension)) {
                    let is_whole = !measure.is_ratio();
                    return Err(if is_whole {
                        BuilderRefusal::Apart(*measure, *dimension)
                    } else {
                        BuilderRefusal::WithoutBase(*measure, base, *dimension)
                    });
                }
            }
            if self.is_of_channels && !measure.combines(ReportDimension::Channel) {
                return Err(BuilderRefusal::OfNoChannel(*measure));
            }
        }
        match self.sort {
            Some(sort) if !measures.contains(&sort.measure) => Err(BuilderRefusal::Sort(sort.measure)),
            _ => Ok(()),
        }
    }
    /// Whether rows are in the order of the calendar.
    pub fn is_by_time(&self) -> bool {
        self.dimensions.iter().any(|dimension| !dimension.is_by_id())
    }
    /// The unit of time of a row.
    pub fn unit(&self) -> Option<TimeUnit> {
        self.dimensions.iter().find_map(|dimension| dimension.unit())
    }
    /// The sums that its statement has, each once.
    pub fn bases(&self) -> Vec<Base> {
        let mut bases = Vec::new();
        for base in self.measures.iter().flat_map(|measure| measure.bases()) {
            if !bases.contains(&base) {
                bases.push(base);
            }
        }
        bases
    }
    /// Whether a visible measure needs sums from this source.
    pub fn sums(&self, source: BaseSource) -> bool {
        let visible_measures = self.measures.iter().filter(|measure| !self.hides(**measure));
        visible_measures.flat_map(|measure| measure.bases()).any(|base| base.source() == source)
    }
    pub const fn hides(&self, measure: ReportMeasure) -> bool {
        self.hides_costs && measure.shows_costs()
    }
}

fn has_no_duplicates<T: PartialEq>(list: &[T]) -> bool {
    list.iter().enumerate().all(|(nth, item)| !list[..nth].contains(item))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(measures: &[ReportMeasure], dimensions: &[ReportDimension]) -> ReportSpec {
        ReportSpec {
            measures: measures.to_vec(),
            dimensions: dimensions.to_vec(),
            comparison: None,
            sort: None,
            hides_costs: false,
            is_of_channels: false,
            latest_day: i32::MAX,
        }
    }

    #[test]
    fn what_the_catalogue_does_not_know_is_refused() {
        use ReportDimension::{Channel, Day, Month, Product, Store, Supplier, Weekday};
        use ReportMeasure::{ClosingUnits, LostUnits, Margin, Orders, SoldUnits, StockoutRate};
        assert_eq!(spec(&[SoldUnits, Orders, Margin], &[Month, Store, Channel]).check(), Ok(()));
        assert_eq!(spec(&[StockoutRate, ClosingUnits], &[Product, Store, Supplier]).check(), Ok(()));
        assert_eq!(spec(&[SoldUnits, Orders, Margin], &[Month, Weekday, Store]).check(), Ok(()));
        let refused = |measures: &[_], dimensions: &[_]| spec(measures, dimensions).check().unwrap_err();
        for measure in [ClosingUnits, LostUnits] {
            assert_eq!(refused(&[measure], &[Weekday]), BuilderRefusal::Apart(measure, Weekday), "stock has no day of the week");
        }
        assert_eq!(refused(&[], &[Day]), BuilderRefusal::Measures);
        assert_eq!(refused(&[SoldUnits, SoldUnits], &[Day]), BuilderRefusal::Measures);
        assert_eq!(refused(&[SoldUnits], &[Day, Product, Store, Channel]), BuilderRefusal::Dimensions);
        assert_eq!(refused(&[SoldUnits], &[Day, Month]), BuilderRefusal::TwoTimes);
        assert_eq!(refused(&[LostUnits], &[Month]), BuilderRefusal::Apart(LostUnits, Month));
        assert_eq!(refused(&[StockoutRate], &[Day]), BuilderRefusal::WithoutBase(StockoutRate, Base::OutDays, Day));
        let of_channels = ReportSpec { is_of_channels: true, ..spec(&[ClosingUnits], &[Store]) };
        assert_eq!(of_channels.check(), Err(BuilderRefusal::OfNoChannel(ClosingUnits)));
        let sorted = ReportSort { measure: Margin, is_descending: true };
        assert_eq!(ReportSpec { sort: Some(sorted), ..spec(&[SoldUnits], &[Day]) }.check(), Err(BuilderRefusal::Sort(Margin)));
    }
}
