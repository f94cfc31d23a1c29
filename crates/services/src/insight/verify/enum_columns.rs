//! Enum columns: states, kinds, currencies and time zones are stored only as words that their
//! readers can parse.

use std::collections::HashSet;

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use inventory::stock::core::ReferenceKind;
use platform::{
    audit::Outcome,
    clock,
    storage::{Backend, Fault, Finds, Reads, Row, Snapshot},
};

use super::{all_checks, report::Violation};

pub(super) const INVARIANT: &str = "words: every state, kind, currency and time zone has a known value";

/// A column of words, with its rows' key as text.
pub(super) struct EnumColumn {
    pub table: &'static str,
    key: &'static str,
    pub column: &'static str,
    is_known: fn(&str) -> bool,
}

const fn enum_column(table: &'static str, key: &'static str, column: &'static str, is_known: fn(&str) -> bool) -> EnumColumn {
    EnumColumn { table, key, column, is_known }
}

/// A test that a word belongs to an enum.
macro_rules! one_of {
    ($kind:ident) => {
        |word| $kind::parse(word).is_some()
    };
}

const SEQ: &str = "'seq ' || c.seq";
const ENTRY: &str = "'seq ' || c.seq || ' line ' || c.line";
const AUDIT: &str = "coalesce('seq ' || c.seq, 'aud:' || HEX(c.id))";
const ORDER_LINE: &str = "'ord:' || HEX(c.order_id) || ' line ' || c.position";
const PLAN_LINE: &str = "'rpl:' || HEX(c.plan_id) || ' line ' || c.position";
const LIQUIDATION_LINE: &str = "'lqp:' || HEX(c.plan_id) || ' line ' || c.position";
const RETURN_LINE: &str = "'ret:' || HEX(c.return_id) || ' line ' || c.position";

pub(super) const ENUM_COLUMNS: &[EnumColumn] = &[
    enum_column("tenant", "'ten:' || HEX(c.id)", "default_currency", one_of!(Currency)),
    enum_column("tenant", "'ten:' || HEX(c.id)", "costing_method", one_of!(CostingMethod)),
    enum_column("tenant", "'ten:' || HEX(c.id)", "time_zone", clock::is_time_zone),
    enum_column("store", "'sto:' || HEX(c.id)", "kind", one_of!(StoreKind)),
    enum_column("store", "'sto:' || HEX(c.id)", "time_zone", clock::is_time_zone),
    enum_column("product", "'prd:' || HEX(c.id)", "status", one_of!(ProductStatus)),
    enum_column("product", "'prd:' || HEX(c.id)", "stock_policy", one_of!(StockPolicy)),
    enum_column("product", "'prd:' || HEX(c.id)", "tracking", one_of!(Tracking)),
    enum_column("product", "'prd:' || HEX(c.id)", "price_currency", one_of!(Currency)),
    enum_column("product", "'prd:' || HEX(c.id)", "cost_currency", one_of!(Currency)),
    enum_column("supplier", "'sup:' || HEX(c.id)", "minimum_order_currency", one_of!(Currency)),
    enum_column("lot", "'lot:' || HEX(c.id)", "tracking", |word| {
        matches!(Tracking::parse(word), Some(Tracking::Lot | Tracking::Serial))
    }),
    enum_column("lot", "'lot:' || HEX(c.id)", "status", one_of!(LotStatus)),
    enum_column("movement", SEQ, "kind", one_of!(MovementKind)),
    enum_column("movement", SEQ, "reason_code", one_of!(ReasonCode)),
    enum_column("movement", SEQ, "reference_kind", one_of!(ReferenceKind)),
    enum_column("movement", SEQ, "actor_kind", one_of!(ActorKind)),
    enum_column("entry", ENTRY, "condition", one_of!(Condition)),
    enum_column("entry", ENTRY, "cost_currency", one_of!(Currency)),
    enum_column("reservation", "'rsv:' || HEX(c.id)", "status", one_of!(ReservationStatus)),
    enum_column("reservation", "'rsv:' || HEX(c.id)", "reference_kind", one_of!(ReferenceKind)),
    enum_column("sales_order", "'ord:' || HEX(c.id)", "status", one_of!(OrderStatus)),
    enum_column("sales_order", "'ord:' || HEX(c.id)", "currency", one_of!(Currency)),
    enum_column("sales_order", "'ord:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("sales_order", "'ord:' || HEX(c.id)", "payment_status", one_of!(PaymentStatus)),
    enum_column("sales_order", "'ord:' || HEX(c.id)", "refund_status", one_of!(RefundStatus)),
    enum_column("sales_hold", "'hld:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("sales_hold", "'hld:' || HEX(c.id)", "lifter_kind", one_of!(ActorKind)),
    enum_column("payment", "'pay:' || HEX(c.id)", "kind", one_of!(PaymentKind)),
    enum_column("payment", "'pay:' || HEX(c.id)", "currency", one_of!(Currency)),
    enum_column("payment", "'pay:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("order_line", ORDER_LINE, "kind", one_of!(LineKind)),
    enum_column("order_line", ORDER_LINE, "stock_policy", one_of!(StockPolicy)),
    enum_column("order_sourcing", "'ord:' || HEX(c.order_id)", "strategy", one_of!(SourcingStrategy)),
    enum_column("order_sourcing", "'ord:' || HEX(c.order_id)", "split", one_of!(SplitPolicy)),
    enum_column("order_detail", "'ord:' || HEX(c.order_id)", "delivery_method", one_of!(DeliveryMethod)),
    enum_column("order_step", "'ord:' || HEX(c.order_id) || ' version ' || c.version", "cancel_reason", one_of!(CancelReason)),
    enum_column("order_step", "'ord:' || HEX(c.order_id) || ' version ' || c.version", "actor_kind", one_of!(ActorKind)),
    enum_column("fulfilment", "'ful:' || HEX(c.id)", "status", one_of!(FulfilmentStatus)),
    enum_column("fulfilment_work", "'fwk:' || HEX(c.id)", "status", one_of!(WorkStatus)),
    enum_column("fulfilment_work", "'fwk:' || HEX(c.id)", "assignee_kind", one_of!(ActorKind)),
    enum_column("fulfilment_work", "'fwk:' || HEX(c.id)", "reject_reason", one_of!(RejectReason)),
    enum_column("order_line_barred", ORDER_LINE, "actor_kind", one_of!(ActorKind)),
    enum_column("sales_return", "'ret:' || HEX(c.id)", "status", one_of!(ReturnStatus)),
    enum_column("sales_return", "'ret:' || HEX(c.id)", "currency", one_of!(Currency)),
    enum_column("sales_return", "'ret:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("return_line", RETURN_LINE, "kind", one_of!(LineKind)),
    enum_column("return_line", RETURN_LINE, "disposition", one_of!(Disposition)),
    enum_column("transfer", "'trf:' || HEX(c.id)", "status", one_of!(TransferStatus)),
    enum_column("transfer", "'trf:' || HEX(c.id)", "loss_reason", one_of!(ReasonCode)),
    enum_column("transfer", "'trf:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("transfer_line", "'trf:' || HEX(c.transfer_id) || ' line ' || c.position", "cost_currency", one_of!(Currency)),
    enum_column("stock_count", "'cnt:' || HEX(c.id)", "kind", one_of!(CountKind)),
    enum_column("stock_count", "'cnt:' || HEX(c.id)", "status", one_of!(CountStatus)),
    enum_column("stock_count", "'cnt:' || HEX(c.id)", "abc_class", one_of!(AbcClass)),
    enum_column("stock_count", "'cnt:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("count_line", "'cln:' || HEX(c.id)", "state", one_of!(CountLineState)),
    enum_column("count_line", "'cln:' || HEX(c.id)", "cost_currency", one_of!(Currency)),
    enum_column("supplier_product", "'prd:' || HEX(c.product_id)", "currency", one_of!(Currency)),
    enum_column("purchase_order", "'por:' || HEX(c.id)", "status", one_of!(PurchaseOrderStatus)),
    enum_column("purchase_order", "'por:' || HEX(c.id)", "currency", one_of!(Currency)),
    enum_column("purchase_order", "'por:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("blanket_order", "'bor:' || HEX(c.id)", "status", one_of!(BlanketOrderStatus)),
    enum_column("blanket_order", "'bor:' || HEX(c.id)", "currency", one_of!(Currency)),
    enum_column("blanket_order", "'bor:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column(
        "purchase_order_line",
        "'por:' || HEX(c.purchase_order_id) || ' line ' || c.position",
        "lead_from",
        one_of!(LeadSource),
    ),
    enum_column("purchase_charge", "'por:' || HEX(c.purchase_order_id)", "kind", one_of!(ChargeKind)),
    enum_column("purchase_charge", "'por:' || HEX(c.purchase_order_id)", "basis", one_of!(ChargeBasis)),
    enum_column("purchase_discrepancy", "'por:' || HEX(c.purchase_order_id)", "kind", one_of!(DiscrepancyKind)),
    enum_column("goods_receipt", "'grn:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("supplier_return", "'srt:' || HEX(c.id)", "currency", one_of!(Currency)),
    enum_column("supplier_return", "'srt:' || HEX(c.id)", "reason_code", one_of!(ReasonCode)),
    enum_column("supplier_return", "'srt:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column(
        "supplier_return_line",
        "'srt:' || HEX(c.supplier_return_id) || ' line ' || c.position",
        "source",
        one_of!(ReturnSource),
    ),
    enum_column("revaluation", "'rvl:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("revaluation", "'rvl:' || HEX(c.id)", "charge_kind", one_of!(ChargeKind)),
    enum_column("revaluation", "'rvl:' || HEX(c.id)", "charge_basis", one_of!(ChargeBasis)),
    enum_column("revaluation", "'rvl:' || HEX(c.id)", "charge_currency", one_of!(Currency)),
    enum_column("revaluation", "'rvl:' || HEX(c.id)", "charge_books_currency", one_of!(Currency)),
    enum_column("cost_posting", ENTRY, "kind", one_of!(CostKind)),
    enum_column("cost_posting", ENTRY, "basis", one_of!(CostBasis)),
    enum_column("factor_series", "'code ' || c.code", "kind", one_of!(FactorKind)),
    enum_column("forecast_series", "'prd:' || HEX(c.product_id)", "class", one_of!(DemandClass)),
    enum_column("forecast_series", "'prd:' || HEX(c.product_id)", "computed_class", one_of!(DemandClass)),
    enum_column("forecast_series", "'prd:' || HEX(c.product_id)", "status", one_of!(ForecastStatus)),
    enum_column("forecast_score", "'week ' || c.week_date", "level", one_of!(ForecastLevel)),
    enum_column("forecast_score", "'week ' || c.week_date", "class", one_of!(DemandClass)),
    enum_column("replenishment_policy", "'rpp:' || HEX(c.id)", "abc_class", one_of!(AbcClass)),
    enum_column("replenishment_policy", "'rpp:' || HEX(c.id)", "xyz_class", one_of!(XyzClass)),
    enum_column("replenishment_policy", "'rpp:' || HEX(c.id)", "kind", one_of!(ReplenishmentPolicyKind)),
    enum_column("replenishment_policy", "'rpp:' || HEX(c.id)", "order_cost_currency", one_of!(Currency)),
    enum_column("replenishment_policy", "'rpp:' || HEX(c.id)", "safety_stock_method", one_of!(SafetyStockMethod)),
    enum_column("replenishment_plan", "'rpl:' || HEX(c.id)", "state", one_of!(ReplenishmentPlanState)),
    enum_column("replenishment_plan", "'rpl:' || HEX(c.id)", "budget_currency", one_of!(Currency)),
    enum_column("replenishment_plan", "'rpl:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("replenishment_line", PLAN_LINE, "kind", one_of!(ReplenishmentLineKind)),
    enum_column("replenishment_line", PLAN_LINE, "state", one_of!(ReplenishmentLineState)),
    enum_column("replenishment_line", PLAN_LINE, "issue", one_of!(ReplenishmentIssue)),
    enum_column("replenishment_line", PLAN_LINE, "cost_currency", one_of!(Currency)),
    enum_column("replenishment_line", PLAN_LINE, "approved_kind", one_of!(ActorKind)),
    enum_column("replenishment_line", PLAN_LINE, "outcome", one_of!(ReplenishmentOutcome)),
    enum_column("liquidation_plan", "'lqp:' || HEX(c.id)", "state", one_of!(LiquidationPlanState)),
    enum_column("liquidation_plan", "'lqp:' || HEX(c.id)", "currency", one_of!(Currency)),
    enum_column("liquidation_plan", "'lqp:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("liquidation_line", LIQUIDATION_LINE, "action", one_of!(LiquidationAction)),
    enum_column("liquidation_line", LIQUIDATION_LINE, "state", one_of!(LiquidationLineState)),
    enum_column("liquidation_line", LIQUIDATION_LINE, "issue", one_of!(LiquidationIssue)),
    enum_column("liquidation_line", LIQUIDATION_LINE, "outcome", one_of!(LiquidationOutcome)),
    enum_column("document_reversal", "'rev:' || HEX(c.id)", "kind", one_of!(ReversedKind)),
    enum_column("document_reversal", "'rev:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("document_reversal_effect", "'rev:' || HEX(c.reversal_id)", "kind", one_of!(ReversalEffect)),
    enum_column("document_reversal_effect", "'rev:' || HEX(c.reversal_id)", "currency", one_of!(Currency)),
    enum_column("saved_view", "'svw:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("saved_view_link", "'svl:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("saved_view_schedule", "'svs:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("saved_view_schedule", "'svs:' || HEX(c.id)", "format", one_of!(TableFormat)),
    enum_column("saved_view_schedule", "'svs:' || HEX(c.id)", "locale", one_of!(PaperLocale)),
    enum_column("saved_view_schedule", "'svs:' || HEX(c.id)", "period", one_of!(SchedulePeriod)),
    enum_column("saved_view_schedule", "'svs:' || HEX(c.id)", "status", one_of!(ScheduleStatus)),
    enum_column("saved_view_schedule", "'svs:' || HEX(c.id)", "time_zone", clock::is_time_zone),
    enum_column("export_schedule", "'xsc:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("export_schedule", "'xsc:' || HEX(c.id)", "format", one_of!(ExportFormat)),
    enum_column("export_schedule", "'xsc:' || HEX(c.id)", "noun", one_of!(ExportEntity)),
    enum_column("export_schedule", "'xsc:' || HEX(c.id)", "period", one_of!(SchedulePeriod)),
    enum_column("export_schedule", "'xsc:' || HEX(c.id)", "status", one_of!(ExportScheduleStatus)),
    enum_column("export_schedule", "'xsc:' || HEX(c.id)", "time_zone", clock::is_time_zone),
    enum_column("number_pattern", "c.kind || ' from ' || c.from_number", "kind", one_of!(Numbered)),
    enum_column("stock_anomaly", "'anm:' || HEX(c.id)", "kind", one_of!(AnomalyKind)),
    enum_column("stock_anomaly", "'anm:' || HEX(c.id)", "rule", one_of!(AnomalyRule)),
    enum_column("stock_anomaly", "'anm:' || HEX(c.id)", "state", one_of!(AnomalyState)),
    enum_column("stock_anomaly", "'anm:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("stock_anomaly", "'anm:' || HEX(c.id)", "who_kind", one_of!(ActorKind)),
    enum_column("note", "'nte:' || HEX(c.id)", "audience", one_of!(NoteAudience)),
    enum_column("note", "'nte:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("attachment", "'att:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("invoice", "'inv:' || HEX(c.id)", "kind", one_of!(InvoiceKind)),
    enum_column("invoice", "'inv:' || HEX(c.id)", "currency", one_of!(Currency)),
    enum_column("invoice", "'inv:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("paper", "'ppr:' || HEX(c.id)", "kind", one_of!(PaperKind)),
    enum_column("paper", "'ppr:' || HEX(c.id)", "later_kind", one_of!(PaperKind)),
    enum_column("paper", "'ppr:' || HEX(c.id)", "locale", one_of!(PaperLocale)),
    enum_column("paper", "'ppr:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    enum_column("stock_span", "'prd:' || HEX(c.product_id) || ' from ' || c.from_date", "state", one_of!(SpanState)),
    enum_column("member", "'mem:' || HEX(c.id)", "status", one_of!(MemberStatus)),
    enum_column("alert", "'alr:' || HEX(c.id)", "kind", one_of!(AlertKind)),
    enum_column("alert", "'alr:' || HEX(c.id)", "state", one_of!(AlertState)),
    enum_column("alert", "'alr:' || HEX(c.id)", "currency", one_of!(Currency)),
    enum_column("alert_rule", "'arl:' || HEX(c.id)", "kind", one_of!(AlertKind)),
    enum_column("alert_rule", "'arl:' || HEX(c.id)", "digest", one_of!(AlertDigest)),
    enum_column("alert_rule", "'arl:' || HEX(c.id)", "time_zone", clock::is_time_zone),
    enum_column("audit_entry", AUDIT, "outcome", one_of!(Outcome)),
    enum_column("audit_entry", AUDIT, "actor_kind", |word| word == "ANONYMOUS" || ActorKind::parse(word).is_some()),
    enum_column("file", "'fil:' || HEX(c.id)", "state", |word| matches!(word, "AWAITED" | "READY" | "GONE")),
];

impl EnumColumn {
    /// Returns the column that has the tenant's ID.
    pub fn owner(&self) -> &'static str {
        if self.table == "tenant" { "id" } else { "tenant_id" }
    }

    /// The words of the tenant's rows, each once.
    fn words_query(&self) -> String {
        let Self { table, column, .. } = self;
        format!("SELECT DISTINCT c.{column} AS word FROM {table} c WHERE c.{} = $1 AND c.{column} IS NOT NULL", self.owner())
    }

    /// Whether a word is known, as the database quotes it.
    fn accepts_value(&self, quoted: &str) -> bool {
        quoted.strip_prefix('\'').and_then(|word| word.strip_suffix('\'')).is_some_and(self.is_known)
    }

    /// The first row with an unknown word. The database quotes the words, so that values of other
    /// types can be read and reported.
    pub async fn find_violation(&self, snapshot: &Snapshot) -> Result<Option<Violation>, Fault> {
        let Self { table, key, column, .. } = self;
        let (backend, owner) = (snapshot.backend(), self.owner());
        let sql = format!("SELECT {} FROM ({}) w", quote_expression(backend, "w.word"), self.words_query());
        for row in &snapshot.rows(&sql, vec![]).await? {
            let word: String = Row::scalar(row)?;
            if self.accepts_value(&word) {
                continue;
            }
            let sql = all_checks::keys(
                backend,
                &format!(
                    "SELECT {key}, 'a {column} that is known', CAST($2 AS text) FROM {table} c WHERE c.{owner} = $1 AND {} = CAST($2 AS text) ORDER BY 1 LIMIT 1",
                    quote_expression(backend, &format!("c.{column}"))
                ),
            );
            return all_checks::first_violation(table, &snapshot.rows(&sql, vec![word.into()]).await?);
        }
        Ok(None)
    }
}

/// A value as the database writes it in a statement.
fn quote_expression(backend: Backend, value: &str) -> String {
    match backend {
        Backend::Sqlite => format!("quote({value})"),
        Backend::Postgres => format!("quote_literal({value})"),
    }
}

/// A word of one of several columns.
#[derive(Record)]
struct WordRow {
    #[record(sql = "w.place")]
    place: i64,
    #[record(sql = "w.word")]
    word: String,
}

/// Returns the places of those columns of `ENUM_COLUMNS` that have an unknown word, by one
/// statement.
pub(super) async fn find_violations(snapshot: &Snapshot, places: &[usize]) -> Result<HashSet<usize>, Fault> {
    let word = quote_expression(snapshot.backend(), "d.word");
    let column_query = |index: &usize| {
        format!("SELECT CAST({index} AS bigint) AS place, {word} AS word FROM ({}) d", ENUM_COLUMNS[*index].words_query())
    };
    let union = places.iter().map(column_query).collect::<Vec<_>>().join(" UNION ALL ");
    let rows = snapshot.records::<WordRow>(&format!("SELECT {} FROM ({union}) w", WordRow::SELECT), vec![]).await?;
    let unknown = rows.into_iter().filter_map(|WordRow { place: index, word }| {
        let index = usize::try_from(index).unwrap_or_default();
        (!ENUM_COLUMNS[index].accepts_value(&word)).then_some(index)
    });
    Ok(unknown.collect())
}
