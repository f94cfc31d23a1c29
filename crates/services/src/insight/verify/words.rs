//! Words: of a state, a kind, a currency, a time zone a column keeps only those that its readers know.

use entity::prelude::*;
use inventory::stock::core::ReferenceKind;
use platform::{
    audit::Outcome,
    clock,
    storage::{Backend, Fault, Reads, Row, Snapshot},
};

use super::{checks, report::Broken};

pub(super) const INVARIANT: &str = "words: every state, kind, currency and time zone is one that is known";

/// A column of words, with its rows' key as text.
pub(super) struct Words {
    pub table: &'static str,
    key: &'static str,
    pub column: &'static str,
    is_known: fn(&str) -> bool,
}

const fn words(table: &'static str, key: &'static str, column: &'static str, is_known: fn(&str) -> bool) -> Words {
    Words { table, key, column, is_known }
}

/// One of the words of an enum.
macro_rules! one_of {
    ($kind:ident) => {
        |word| $kind::parse(word).is_some()
    };
}

const SEQ: &str = "'seq ' || c.seq";
const ENTRY: &str = "'seq ' || c.seq || ' line ' || c.line";
const AUDIT: &str = "coalesce('seq ' || c.seq, 'aud:' || HEX(c.id))";
const ORDER_LINE: &str = "'ord:' || HEX(c.order_id) || ' line ' || c.position";
const RETURN_LINE: &str = "'ret:' || HEX(c.return_id) || ' line ' || c.position";

pub(super) const WORDS: &[Words] = &[
    words("tenant", "'ten:' || HEX(c.id)", "default_currency", one_of!(Currency)),
    words("tenant", "'ten:' || HEX(c.id)", "costing_method", one_of!(CostingMethod)),
    words("tenant", "'ten:' || HEX(c.id)", "time_zone", clock::is_time_zone),
    words("store", "'sto:' || HEX(c.id)", "kind", one_of!(StoreKind)),
    words("store", "'sto:' || HEX(c.id)", "time_zone", clock::is_time_zone),
    words("product", "'prd:' || HEX(c.id)", "status", one_of!(ProductStatus)),
    words("product", "'prd:' || HEX(c.id)", "stock_policy", one_of!(StockPolicy)),
    words("product", "'prd:' || HEX(c.id)", "tracking", one_of!(Tracking)),
    words("product", "'prd:' || HEX(c.id)", "price_currency", one_of!(Currency)),
    words("product", "'prd:' || HEX(c.id)", "cost_currency", one_of!(Currency)),
    words("lot", "'lot:' || HEX(c.id)", "tracking", |word| {
        matches!(Tracking::parse(word), Some(Tracking::Lot | Tracking::Serial))
    }),
    words("lot", "'lot:' || HEX(c.id)", "status", one_of!(LotStatus)),
    words("movement", SEQ, "kind", one_of!(MovementKind)),
    words("movement", SEQ, "reason_code", one_of!(ReasonCode)),
    words("movement", SEQ, "reference_kind", one_of!(ReferenceKind)),
    words("movement", SEQ, "actor_kind", one_of!(ActorKind)),
    words("entry", ENTRY, "condition", one_of!(Condition)),
    words("entry", ENTRY, "cost_currency", one_of!(Currency)),
    words("reservation", "'rsv:' || HEX(c.id)", "status", one_of!(ReservationStatus)),
    words("reservation", "'rsv:' || HEX(c.id)", "reference_kind", one_of!(ReferenceKind)),
    words("sales_order", "'ord:' || HEX(c.id)", "status", one_of!(OrderStatus)),
    words("sales_order", "'ord:' || HEX(c.id)", "currency", one_of!(Currency)),
    words("sales_order", "'ord:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    words("order_line", ORDER_LINE, "kind", one_of!(LineKind)),
    words("order_line", ORDER_LINE, "stock_policy", one_of!(StockPolicy)),
    words("order_sourcing", "'ord:' || HEX(c.order_id)", "strategy", one_of!(SourcingStrategy)),
    words("order_sourcing", "'ord:' || HEX(c.order_id)", "split", one_of!(SplitPolicy)),
    words("fulfilment", "'ful:' || HEX(c.id)", "status", one_of!(FulfilmentStatus)),
    words("sales_return", "'ret:' || HEX(c.id)", "status", one_of!(ReturnStatus)),
    words("sales_return", "'ret:' || HEX(c.id)", "currency", one_of!(Currency)),
    words("sales_return", "'ret:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    words("return_line", RETURN_LINE, "kind", one_of!(LineKind)),
    words("return_line", RETURN_LINE, "disposition", one_of!(Disposition)),
    words("transfer", "'trf:' || HEX(c.id)", "status", one_of!(TransferStatus)),
    words("transfer", "'trf:' || HEX(c.id)", "loss_reason", one_of!(ReasonCode)),
    words("transfer", "'trf:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    words("transfer_line", "'trf:' || HEX(c.transfer_id) || ' line ' || c.position", "cost_currency", one_of!(Currency)),
    words("stock_count", "'cnt:' || HEX(c.id)", "kind", one_of!(CountKind)),
    words("stock_count", "'cnt:' || HEX(c.id)", "status", one_of!(CountStatus)),
    words("stock_count", "'cnt:' || HEX(c.id)", "abc_class", one_of!(AbcClass)),
    words("stock_count", "'cnt:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    words("count_line", "'cln:' || HEX(c.id)", "state", one_of!(CountLineState)),
    words("count_line", "'cln:' || HEX(c.id)", "cost_currency", one_of!(Currency)),
    words("supplier_product", "'prd:' || HEX(c.product_id)", "currency", one_of!(Currency)),
    words("purchase_order", "'por:' || HEX(c.id)", "status", one_of!(PurchaseOrderStatus)),
    words("purchase_order", "'por:' || HEX(c.id)", "currency", one_of!(Currency)),
    words("purchase_order", "'por:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    words("purchase_charge", "'por:' || HEX(c.purchase_order_id)", "kind", one_of!(ChargeKind)),
    words("purchase_charge", "'por:' || HEX(c.purchase_order_id)", "basis", one_of!(ChargeBasis)),
    words("purchase_discrepancy", "'por:' || HEX(c.purchase_order_id)", "kind", one_of!(DiscrepancyKind)),
    words("goods_receipt", "'grn:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    words("supplier_return", "'srt:' || HEX(c.id)", "currency", one_of!(Currency)),
    words("supplier_return", "'srt:' || HEX(c.id)", "reason_code", one_of!(ReasonCode)),
    words("supplier_return", "'srt:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    words(
        "supplier_return_line",
        "'srt:' || HEX(c.supplier_return_id) || ' line ' || c.position",
        "source",
        one_of!(ReturnSource),
    ),
    words("revaluation", "'rvl:' || HEX(c.id)", "actor_kind", one_of!(ActorKind)),
    words("cost_posting", ENTRY, "kind", one_of!(CostKind)),
    words("cost_posting", ENTRY, "basis", one_of!(CostBasis)),
    words("member", "'mem:' || HEX(c.id)", "status", one_of!(MemberStatus)),
    words("alert", "'alr:' || HEX(c.id)", "kind", one_of!(AlertKind)),
    words("alert", "'alr:' || HEX(c.id)", "state", one_of!(AlertState)),
    words("alert", "'alr:' || HEX(c.id)", "currency", one_of!(Currency)),
    words("alert_rule", "'arl:' || HEX(c.id)", "kind", one_of!(AlertKind)),
    words("alert_rule", "'arl:' || HEX(c.id)", "digest", one_of!(AlertDigest)),
    words("alert_rule", "'arl:' || HEX(c.id)", "time_zone", clock::is_time_zone),
    words("audit_entry", AUDIT, "outcome", one_of!(Outcome)),
    words("audit_entry", AUDIT, "actor_kind", |word| word == "ANONYMOUS" || ActorKind::parse(word).is_some()),
    words("file", "'fil:' || HEX(c.id)", "state", |word| matches!(word, "AWAITED" | "READY" | "GONE")),
];

impl Words {
    /// How the table's rows are the tenant's.
    pub fn owner(&self) -> &'static str {
        if self.table == "tenant" { "id" } else { "tenant_id" }
    }

    /// The first row whose word is not known. The database quotes them, so that what is no text at all can be read and told.
    pub async fn broken(&self, snapshot: &Snapshot) -> Result<Option<Broken>, Fault> {
        let Self { table, key, column, is_known } = self;
        let owner = self.owner();
        let quoted = |value: &str| match snapshot.backend() {
            Backend::Sqlite => format!("quote({value})"),
            Backend::Postgres => format!("quote_literal({value})"),
        };
        let sql = format!(
            "SELECT {} FROM (SELECT DISTINCT c.{column} AS word FROM {table} c WHERE c.{owner} = $1 AND c.{column} IS NOT NULL) w",
            quoted("w.word")
        );
        for row in &snapshot.rows(&sql, vec![]).await? {
            let said: String = Row::new(row).take()?;
            if said.strip_prefix('\'').and_then(|word| word.strip_suffix('\'')).is_some_and(is_known) {
                continue;
            }
            let sql = checks::keys(
                snapshot.backend(),
                &format!(
                    "SELECT {key}, 'a {column} that is known', CAST($2 AS text) FROM {table} c WHERE c.{owner} = $1 AND {} = CAST($2 AS text) ORDER BY 1 LIMIT 1",
                    quoted(&format!("c.{column}"))
                ),
            );
            return checks::told(table, &snapshot.rows(&sql, vec![said.into()]).await?);
        }
        Ok(None)
    }
}
