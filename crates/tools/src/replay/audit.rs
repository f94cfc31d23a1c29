//! Queries every figure that the API can provide. Those that only the file has (its rows, the
//! invoices that made nothing) are taken from the plan.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::answers::{
    self, Adjustment, Level, LineKind, Months, Movements, Order, Page, PagedAnswer, Product, Receipt, Return, Sales, Totals,
};
use super::best_sellers::{self, BestSeller};
use super::costs::query_costs;
use super::documents::{self, OPENING};
use super::error::ReplayError;
use super::expect::{Expected, FoundFigures};
use super::flat_values::{Matching, local, sha256_of};
use super::payload;
use super::plan::Plan;
use super::section;
use super::wire::{Client, RequestLabel, request};

/// Rows of plain lists are read in the largest pages; those with lists inside in smaller ones, to
/// stay within the query budget.
const PAGE_ROWS: u32 = 250;
const DOCUMENT_PAGE_ROWS: u32 = 100;
/// Maximum rows of a report.
const MONTHS: usize = 250;
/// A page of receipts of 500 entries each.
pub(super) const RECEIPT_PAGE_ROWS: u32 = 4;

/// Gathers all figures; independent parts are queried at the same time.
pub async fn gather_figures(client: &Client, plan: &Plan, expected: &Expected) -> Result<FoundFigures, ReplayError> {
    let (totals, stock, (orders, returns, adjustments)) =
        tokio::try_join!(query_totals(client, plan), query_stock(client), async {
            tokio::try_join!(query_orders(client), query_returns(client), query_adjustments(client))
        })?;
    let mut findings = FoundFigures::default();
    findings.add("file", &section::file_section(plan));
    let best = best_sellers::fetch_best_sellers(client, &totals.top, expected.best_skus()).await?;
    findings.add("salesReport", &sales_section(&totals, &best));
    findings.add("movementReport", &movements_section(&totals.movements));
    findings.add("counts", &json!({"products": totals.products.count, "customers": totals.customers.count}));
    findings.add("products, levels", &stock.section(expected.spots()));
    findings.add("orders", &orders.section);
    findings.add("returns", &returns.section);
    findings.add("stockMovements", &adjustments.section);
    let span = orders.span.merge_span(returns.span).merge_span(adjustments.span);
    findings.add("documents", &span.section()?);
    if let Some([average, fifo]) = query_costs(client).await? {
        findings.add("moving average", &average);
        findings.add("first in first out", &fifo);
    }
    Ok(findings)
}

async fn query_totals(client: &Client, plan: &Plan) -> Result<Totals, ReplayError> {
    let limit = plan.products.len().max(plan.customers.len()).max(9_999) + 1;
    let label = RequestLabel::new("figures", "salesReport, movementReport");
    let mut totals: Totals =
        client.send_query(&label, request(answers::TOTALS, json!({"top": best_sellers::ROWS, "limit": limit}))?).await?;
    let mut month_count = totals.months.len();
    while month_count == MONTHS
        && let Some(from) = totals.months.last().and_then(|month| month_after(month.key.as_deref()?))
    {
        let from = documents::to_instant(&documents::time_zone()?, from)?.to_string();
        let next_months: Months = client.send_query(&label, request(answers::MONTHS, json!({"from": from}))?).await?;
        month_count = next_months.months.len();
        totals.months.extend(next_months.months);
    }
    Ok(totals)
}

/// The first moment after a month, such as `2010-12`.
fn month_after(key: &str) -> Option<DateTime> {
    let first: Date = format!("{key}-01").parse().ok()?;
    Some(first.checked_add(jiff::Span::new().months(1)).ok()?.at(0, 0, 0, 0))
}

fn sales_section(totals: &Totals, best: &[BestSeller]) -> Value {
    let all = totals.all.first().cloned().unwrap_or_default();
    let months = totals.months.iter().map(|m: &Sales| {
        json!({"month": m.key, "orders": m.orders, "units_sold": m.units_sold, "gross_pence": m.gross_revenue.0,
            "refunds_pence": m.refunds.0, "net_pence": m.net_revenue.0})
    });
    let top = best.iter().map(|b| json!({"sku": b.sku, "name": b.name, "units": b.units}));
    let mut section = json!({
        "orders": all.orders,
        "order_lines": all.order_lines,
        "returns": all.returns,
        "return_lines": all.return_lines,
        "units_sold": all.units_sold,
        "units_returned": all.units_returned,
        "gross_revenue_pence": all.gross_revenue.0,
        "refunds_pence": all.refunds.0,
        "net_revenue_pence": all.net_revenue.0,
        "order_charges_pence": all.charges.0,
        "return_charge_credits_pence": all.charge_credits.0,
        "monthly": months.collect::<Vec<_>>(),
        "top10_by_units": top.collect::<Vec<_>>(),
    });
    // Masked for a token without the right to see costs; then the movements' value is used.
    if let Some(cost) = all.cost_of_goods_sold {
        section["cogs_pence"] = json!(cost.0);
    }
    section
}

fn movements_section(report: &[Movements]) -> Value {
    let row_of_kind = |kind: &str| report.iter().find(|m| m.kind == kind).cloned().unwrap_or_default();
    let (receipt, sale, returned, adjusted) =
        (row_of_kind("RECEIPT"), row_of_kind("SALE"), row_of_kind("RETURN"), row_of_kind("ADJUSTMENT"));
    let mut section = json!({
        "opening_lines": receipt.entries,
        "opening_units": receipt.units_in,
        "order_lines": sale.entries,
        "return_lines": returned.entries,
        "adjustment_lines": adjusted.entries,
        "units_sold": sale.units_out,
        "units_returned": returned.units_in,
        "units_adjusted_in": adjusted.units_in,
        "units_adjusted_out": adjusted.units_out,
        "stock_movements": {
            "opening": receipt.entries,
            "sale": sale.entries,
            "return": returned.entries,
            "adjustment": adjusted.entries,
            "total": report.iter().map(|m| m.entries).sum::<u64>(),
        },
    });
    for (figure, value) in [("cogs_pence", sale.value), ("opening_value_pence", receipt.value)] {
        if let Some(pence) = value {
            section[figure] = json!(pence.0);
        }
    }
    section
}

/// A product as its lists, its level and the opening receipt show it.
#[derive(Default)]
struct ProductState {
    name: String,
    cost: i64,
    opening: i64,
    opening_value: i128,
    on_hand: i64,
}

/// By SKU, which sorts as the checksums want it.
struct Stock(BTreeMap<String, ProductState>);

async fn query_stock(client: &Client) -> Result<Stock, ReplayError> {
    let label = RequestLabel::new("store", super::catalogue::STORE_CODE);
    let code = json!({"code": super::catalogue::STORE_CODE});
    let store: payload::StoreAnswer = client.send_query(&label, request(payload::STORE, code)?).await?;
    let store = store.result.ok_or_else(|| label.invalid_response("the store is not there"))?;
    let (products, levels, receipts) = tokio::try_join!(
        fetch_pages::<Product>(client, "products", answers::PRODUCTS, PAGE_ROWS, json!({})),
        fetch_pages::<Level>(client, "stockLevels", answers::LEVELS, PAGE_ROWS, json!({"store": store.id})),
        fetch_pages::<Receipt>(client, "stockMovements", answers::OPENING, RECEIPT_PAGE_ROWS, json!({"reference": OPENING})),
    )?;
    let mut shelves = BTreeMap::new();
    for product in products {
        let cost = product.unit_cost.unwrap_or_default().0;
        shelves.insert(product.sku, ProductState { name: product.name, cost, ..ProductState::default() });
    }
    // A level or an entry of a product that no list shows makes a shelf without a name, and so a difference.
    for level in levels {
        shelves.entry(level.product.sku).or_default().on_hand += level.on_hand;
    }
    for entry in receipts.into_iter().flat_map(|receipt| receipt.entries) {
        let state = shelves.entry(entry.product.sku).or_default();
        state.opening += entry.on_hand_delta;
        state.opening_value += i128::from(entry.on_hand_delta) * i128::from(entry.unit_cost.unwrap_or_default().0);
    }
    Ok(Stock(shelves))
}

impl Stock {
    fn section(&self, spots: &BTreeSet<String>) -> Value {
        let all = || self.0.iter();
        let opened = || all().filter(|(_, s)| s.opening != 0);
        let wide = super::flat_values::number;
        let spot_checks = spots.iter().filter_map(|sku| {
            let s = self.0.get(sku)?;
            let check = json!({"name": s.name, "opening": s.opening, "final": s.on_hand, "cost_pence": s.cost});
            Some((sku.clone(), check))
        });
        json!({
            "products": self.0.len(),
            "product_names_sha256": sha256_of(all().map(|(sku, s)| format!("{sku}\t{}\n", s.name))),
            "opening_lines": opened().count(),
            "opening_units": opened().map(|(_, s)| s.opening).sum::<i64>(),
            "opening_value_pence": wide(opened().map(|(_, s)| s.opening_value).sum()),
            "opening_sha256": sha256_of(opened().map(|(sku, s)| format!("{sku},{}\n", s.opening))),
            "final_on_hand_units": all().map(|(_, s)| s.on_hand).sum::<i64>(),
            "final_value_pence": wide(all().map(|(_, s)| i128::from(s.on_hand) * i128::from(s.cost)).sum()),
            "final_on_hand_sha256": sha256_of(all().map(|(sku, s)| format!("{sku},{}\n", s.on_hand))),
            "products_on_hand_zero": all().filter(|(_, s)| s.on_hand == 0).count(),
            "spot_checks": Value::Object(spot_checks.collect::<Map<_, _>>()),
        })
    }
}

/// The earliest and the latest moment of some documents.
#[derive(Clone, Copy, Default)]
struct Span(Option<(Timestamp, Timestamp)>);

impl Span {
    fn of(times: impl Iterator<Item = Timestamp>) -> Self {
        times.fold(Self::default(), |span, time| span.merge_span(Self(Some((time, time)))))
    }

    fn merge_span(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some((a, b)), Some((c, d))) => Self(Some((a.min(c), b.max(d)))),
            (one, other) => Self(one.or(other)),
        }
    }

    fn section(self) -> Result<Value, ReplayError> {
        let zone = documents::time_zone()?;
        let text = |time: Timestamp| local(zone.to_datetime(time));
        Ok(json!({
            "first_document_local": self.0.map(|(first, _)| text(first)),
            "last_document_local": self.0.map(|(_, last)| text(last)),
        }))
    }
}

struct Documents {
    section: Value,
    span: Span,
}

async fn query_orders(client: &Client) -> Result<Documents, ReplayError> {
    let orders: Vec<Order> = fetch_pages(client, "orders", answers::ORDERS, DOCUMENT_PAGE_ROWS, json!({})).await?;
    let buyers: HashSet<&str> = orders.iter().filter_map(|o| o.customer.as_ref().map(|c| &*c.id)).collect();
    let section = json!({
        "orders": orders.len(),
        "guest_orders": orders.iter().filter(|o| o.customer.is_none()).count(),
        "customers_with_orders": buyers.len(),
        "order_charge_lines": orders.iter().flat_map(|o| &o.lines).filter(|l| l.kind == LineKind::Charge).count(),
        "order_lines": orders.iter().flat_map(|o| &o.lines).filter(|l| l.kind == LineKind::Product).count(),
    });
    Ok(Documents { section, span: Span::of(orders.iter().filter_map(|o| o.placed_at).map(|m| m.0)) })
}

async fn query_returns(client: &Client) -> Result<Documents, ReplayError> {
    let returns: Vec<Return> = fetch_pages(client, "returns", answers::RETURNS, DOCUMENT_PAGE_ROWS, json!({})).await?;
    let mut matching = Matching::default();
    let mut lines = 0_u64;
    for return_row in &returns {
        let reference = return_row.external_ref.as_deref().unwrap_or_default();
        for line in return_row.lines.iter().filter(|l| l.kind == LineKind::Product) {
            lines += 1;
            matching.line(line.quantity, line.matches.iter().map(|m| m.quantity).sum());
            let sku = line.product.as_ref().map_or("", |p| &p.sku);
            for piece in &line.matches {
                let order = piece.order_line.order.external_ref.as_deref().unwrap_or_default();
                let numbers = [line.unit_price.0, piece.order_line.unit_price.0, piece.quantity];
                matching.add_piece(reference, sku, numbers, order);
            }
        }
    }
    let section = json!({"returns": returns.len(), "return_lines": lines, "returns_matching": matching.section()});
    Ok(Documents { section, span: Span::of(returns.iter().filter_map(|r| r.received_at).map(|m| m.0)) })
}

/// An invoice may adjust in several calls, so its references are counted, not its movements.
async fn query_adjustments(client: &Client) -> Result<Documents, ReplayError> {
    let movements: Vec<Adjustment> = fetch_pages(client, "stockMovements", answers::ADJUSTMENTS, PAGE_ROWS, json!({})).await?;
    let references: HashSet<&str> = movements.iter().filter_map(|a| a.external_ref.as_deref()).collect();
    let section = json!({"adjustments": references.len()});
    Ok(Documents { section, span: Span::of(movements.iter().map(|a| a.occurred_at.0)) })
}

/// All nodes of a list, page after page.
pub(super) async fn fetch_pages<N: DeserializeOwned>(
    client: &Client,
    list: &'static str,
    query: &str,
    first: u32,
    mut variables: Value,
) -> Result<Vec<N>, ReplayError> {
    let label = RequestLabel::new("list", list);
    variables["first"] = json!(first);
    let mut all = Vec::new();
    loop {
        let PagedAnswer { page: Page { nodes, page_info } } = client.send_query(&label, request(query, &variables)?).await?;
        all.extend(nodes);
        let cursor = json!(page_info.end_cursor);
        if !page_info.has_next_page {
            return Ok(all);
        }
        if cursor.is_null() || Some(&cursor) == variables.get("after") {
            return Err(label.invalid_response("there is a next page, but the cursor does not move"));
        }
        variables["after"] = cursor;
    }
}
