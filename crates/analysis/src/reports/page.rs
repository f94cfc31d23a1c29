//! Pages of reports, with the totals of all rows beside them.

use async_graphql::{Context, Value};
use platform::paging::{CursorSigner, PageRequest};
use services::reports::shell::RankedRow;

use crate::{
    graphql::{
        connection::{CountedPage, Page, PageArgs},
        context::ContextExt,
        fault::Answer,
    },
    orders::links::MAX_PAGE_SIZE,
};

/// A checked request for a page of a report.
pub(crate) struct ReportPaging {
    request: PageRequest,
    /// Names the report and its order in cursors: one of another order does not open.
    kind: String,
    signer: CursorSigner,
}

/// The name of an enum's value as clients know it, for a cursor.
pub(super) fn value_name(value: impl Into<Value>) -> String {
    value.into().to_string()
}

impl ReportPaging {
    pub fn of(ctx: &Context<'_>, kind: impl Into<String>, args: &PageArgs) -> Answer<Self> {
        // Cursors are sealed, as a row may be of a person whom its reader may not see.
        let (kind, signer) = (kind.into(), ctx.required_data::<CursorSigner>()?.sealing());
        let request = args.check(&kind, &signer, MAX_PAGE_SIZE)?;
        Ok(Self { request, kind, signer })
    }
    pub fn page<R, T>(self, rows: Vec<RankedRow<R>>, node: impl Fn(R) -> T) -> CountedPage<T> {
        let (total, request) = (rows.len(), self.request.restrict_cursors_to(&rows));
        let nodes = request.pick(rows).into_iter().map(|(row, keys)| (node(row), keys)).collect();
        Page::build(nodes, &request, self.kind, &self.signer).with_total(total)
    }
}

/// Declares the connection of a report: a page of its rows, its totals, and its sources.
macro_rules! report_connection {
    ($connection:ident, $edge:ident, $node:ty, $totals:ty, $what:literal) => {
        #[doc = concat!("A page of ", $what, ", and all of them together.")]
        pub struct $connection {
            page: crate::graphql::connection::CountedPage<$node>,
            totals: $totals,
            source: services::reports::shell::ReportSource,
        }
        crate::connection!(@edge $edge, $node, $what);

        #[doc = concat!("A page of ", $what, ", and all of them together.")]
        #[::macros::resolvers(connection(page, $edge, $node))]
        impl $connection {
            /// Totals of all rows, also those that are on no page.
            async fn totals(&self) -> &$totals {
                &self.totals
            }
            /// Currency of the amounts: the company's own. Documents in other currencies bring no amounts.
            async fn currency(&self) -> crate::graphql::scalars::CurrencyCode {
                crate::graphql::scalars::CurrencyCode(self.source.currency.to_string())
            }
            /// Number of days of the report.
            async fn period_days(&self) -> crate::graphql::scalars::Long {
                crate::graphql::scalars::Long(self.source.span.days())
            }
            /// Number of the last event that the values include.
            async fn seq(&self) -> crate::graphql::scalars::Long {
                crate::graphql::scalars::Long(self.source.progress.seq)
            }
            /// True if the values include the tenant's last event. After many changes they take some time: query again.
            async fn is_current(&self) -> bool {
                self.source.progress.is_current()
            }
        }
    };
}
pub(crate) use report_connection;
