//! The plan's own totals, in the shape of a section of `expected.json`, from the file alone.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::{Map, Value, json};

use super::flat_values::{Matching, TOP_PRODUCTS, local, number, sha256_of};
use super::plan::{DocumentKind, Line, Plan, Product};
use super::rule::Kind;

/// Everything the file alone implies, as a section of `expected.json`; `spot` names the SKUs of `spot_checks`.
pub fn build_section(plan: &Plan, spot: &BTreeSet<String>) -> Value {
    let mut section = Map::new();
    let mut merge = |part: Value| {
        if let Value::Object(fields) = part {
            section.extend(fields);
        }
    };
    merge(file_section(plan));
    merge(documents_section(plan));
    merge(money_section(plan));
    merge(stock_section(plan));
    merge(json!({
        "returns_matching": matching_section(plan),
        "top10_by_units": top_products_section(plan),
        "monthly": monthly_section(plan),
        "spot_checks": spot_checks_section(plan, spot),
    }));
    Value::Object(section)
}

/// Returns the part of the section that only the file can give.
pub fn file_section(plan: &Plan) -> Value {
    let kinds = Kind::ALL.iter().filter(|k| plan.rows_by_kind[**k as usize] > 0);
    let by_kind: Map<String, Value> = kinds.map(|k| (k.name().to_owned(), Value::from(plan.rows_by_kind[*k as usize]))).collect();
    json!({
        "csv_sha256": plan.seal.csv_sha256,
        "csv_bytes": plan.seal.csv_bytes,
        "rows": plan.seal.rows,
        "rows_by_kind": by_kind,
        "skipped_charge_only_invoices": plan.skipped_charge_only,
        "skipped_credit_only_invoices": plan.skipped_credit_only,
    })
}

fn documents_section(plan: &Plan) -> Value {
    let documents_of = |kind| plan.documents.iter().filter(move |d| d.kind == kind);
    let lines = |kind| documents_of(kind).map(|d| u64::from(d.lines.end - d.lines.start)).sum::<u64>();
    let buyers: HashSet<u32> = documents_of(DocumentKind::Order).filter_map(|d| d.customer).collect();
    let opening = plan.products.iter().filter(|p| p.opening > 0).count() as u64;
    json!({
        "products": plan.products.len(),
        "customers": plan.customers.len(),
        "customers_with_orders": buyers.len(),
        "orders": documents_of(DocumentKind::Order).count(),
        "guest_orders": documents_of(DocumentKind::Order).filter(|d| d.customer.is_none()).count(),
        "order_lines": lines(DocumentKind::Order),
        "returns": documents_of(DocumentKind::Return).count(),
        "return_lines": lines(DocumentKind::Return),
        "adjustments": documents_of(DocumentKind::Adjustment).count(),
        "adjustment_lines": lines(DocumentKind::Adjustment),
        "order_charge_lines": documents_of(DocumentKind::Order).map(|d| d.charges.len()).sum::<usize>(),
        "stock_movements": {
            "opening": opening,
            "sale": lines(DocumentKind::Order),
            "return": lines(DocumentKind::Return),
            "adjustment": lines(DocumentKind::Adjustment),
            "total": plan.movements(),
        },
        "first_document_local": plan.documents.first().map(|d| local(d.time)),
        "last_document_local": plan.documents.last().map(|d| local(d.time)),
    })
}

fn money_section(plan: &Plan) -> Value {
    let documents_of = |kind| plan.documents.iter().filter(move |d| d.kind == kind);
    let lines = |kind| documents_of(kind).flat_map(|d| plan.lines_of(d));
    let charges = |kind| -> i128 {
        let all = documents_of(kind).flat_map(|d| plan.charges_of(d));
        all.map(|c| i128::from(c.quantity) * i128::from(c.price)).sum()
    };
    let gross = value_of(lines(DocumentKind::Order));
    let refunds = value_of(lines(DocumentKind::Return));
    let cogs: i128 = lines(DocumentKind::Order).map(|l| i128::from(l.quantity) * i128::from(plan.product(l).cost)).sum();
    json!({
        "gross_revenue_pence": number(gross),
        "refunds_pence": number(refunds),
        "net_revenue_pence": number(gross - refunds),
        "order_charges_pence": number(charges(DocumentKind::Order)),
        "return_charge_credits_pence": number(charges(DocumentKind::Return)),
        "cogs_pence": number(cogs),
    })
}

fn stock_section(plan: &Plan) -> Value {
    let units = |kind| -> i64 {
        plan.documents.iter().filter(|d| d.kind == kind).flat_map(|d| plan.lines_of(d)).map(|l| l.quantity).sum()
    };
    let adjusted = || plan.documents.iter().filter(|d| d.kind == DocumentKind::Adjustment).flat_map(|d| plan.lines_of(d));
    let value =
        |units: fn(&Product) -> i64| -> i128 { plan.products.iter().map(|p| i128::from(units(p)) * i128::from(p.cost)).sum() };
    let opening = || plan.products.iter().filter(|p| p.opening > 0);
    json!({
        "units_sold": units(DocumentKind::Order),
        "units_returned": units(DocumentKind::Return),
        "units_adjusted_in": adjusted().map(|l| l.quantity.max(0)).sum::<i64>(),
        "units_adjusted_out": adjusted().map(|l| -l.quantity.min(0)).sum::<i64>(),
        "opening_lines": opening().count(),
        "opening_units": opening().map(|p| p.opening).sum::<i64>(),
        "opening_value_pence": number(value(|p| p.opening)),
        "opening_sha256": sha256_of(opening().map(|p| format!("{},{}\n", p.sku, p.opening))),
        "final_on_hand_units": plan.products.iter().map(|p| p.closing).sum::<i64>(),
        "final_value_pence": number(value(|p| p.closing)),
        "final_on_hand_sha256": sha256_of(plan.products.iter().map(|p| format!("{},{}\n", p.sku, p.closing))),
        "products_on_hand_zero": plan.products.iter().filter(|p| p.closing == 0).count(),
        "product_names_sha256": sha256_of(plan.products.iter().map(|p| format!("{}\t{}\n", p.sku, p.name))),
    })
}

fn matching_section(plan: &Plan) -> Value {
    let mut tally = Matching::default();
    for document in plan.documents.iter().filter(|d| d.kind == DocumentKind::Return) {
        let pieces = plan.pieces_of(document);
        for (line_index, line) in document.lines.clone().zip(plan.lines_of(document)) {
            let line_pieces = pieces.iter().filter(|p| p.return_line == line_index);
            tally.line(line.quantity, line_pieces.clone().map(|p| p.units).sum());
            for piece in line_pieces {
                let order = &plan.documents[plan.document_of(piece.order_line) as usize].invoice;
                let sold = &plan.lines[piece.order_line as usize];
                tally.add_piece(&document.invoice, &plan.product(line).sku, [line.price, sold.price, piece.units], order);
            }
        }
    }
    tally.section()
}

fn top_products_section(plan: &Plan) -> Value {
    let mut units = vec![0_i64; plan.products.len()];
    for document in plan.documents.iter().filter(|d| d.kind == DocumentKind::Order) {
        for line in plan.lines_of(document) {
            units[line.product as usize] += line.quantity;
        }
    }
    let mut ranked: Vec<_> = plan.products.iter().zip(units).filter(|(_, units)| *units > 0).collect();
    ranked.sort_by_key(|(_, units)| std::cmp::Reverse(*units));
    let rows = ranked.iter().take(TOP_PRODUCTS).map(|(p, units)| json!({"sku": p.sku, "name": p.name, "units": units}));
    Value::Array(rows.collect())
}

fn monthly_section(plan: &Plan) -> Value {
    let mut months: BTreeMap<String, [i128; 4]> = BTreeMap::new();
    for document in &plan.documents {
        let lines = plan.lines_of(document);
        let month = || document.time.strftime("%Y-%m").to_string();
        match document.kind {
            DocumentKind::Adjustment => {}
            DocumentKind::Order => {
                let [orders, units, gross, _] = months.entry(month()).or_default();
                *orders += 1;
                *units += lines.iter().map(|l| i128::from(l.quantity)).sum::<i128>();
                *gross += value_of(lines);
            }
            DocumentKind::Return => months.entry(month()).or_default()[3] += value_of(lines),
        }
    }
    let rows = months.into_iter().map(|(month, [orders, units, gross, refunds])| {
        json!({"month": month, "orders": number(orders), "units_sold": number(units), "gross_pence": number(gross),
            "refunds_pence": number(refunds), "net_pence": number(gross - refunds)})
    });
    Value::Array(rows.collect())
}

fn spot_checks_section(plan: &Plan, skus: &BTreeSet<String>) -> Value {
    let checks = skus.iter().filter_map(|sku| {
        let index = plan.products.binary_search_by(|p| (*p.sku).cmp(sku.as_str())).ok()?;
        let p = &plan.products[index];
        let check = json!({"name": p.name, "opening": p.opening, "final": p.closing, "cost_pence": p.cost});
        Some((sku.clone(), check))
    });
    Value::Object(checks.collect())
}

/// Pence of lines; wide, because a row's amount may be beyond an `i64`.
fn value_of<'a>(lines: impl IntoIterator<Item = &'a Line>) -> i128 {
    lines.into_iter().map(|l| i128::from(l.quantity) * i128::from(l.price)).sum()
}
