//! A purchase order as a page: self-contained HTML that prints on A4. Every text is escaped.

use entity::prelude::*;
use platform::markup::escape_markup;

use super::{
    charge::Charge,
    order::{Line, PurchaseOrder},
};

/// Name and code of the supplier or the store on the printed order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    pub name: String,
    pub code: String,
}

impl PurchaseOrder {
    /// The charges that the order's own supplier bills.
    pub fn order_supplier_charges(&self) -> impl Iterator<Item = &Charge> {
        self.charges.iter().filter(|charge| charge.supplier.is_none())
    }
    /// Returns goods and the charges that the order's own supplier bills in the order's currency.
    /// None if the sum exceeds the exact range.
    pub fn billed_total(&self) -> Option<Money> {
        let charges = self.order_supplier_charges().filter(|charge| charge.is_in_order_currency());
        charges.map(|charge| charge.amount).try_fold(self.goods, Money::checked_add)
    }
}

const STYLE: &str = "@page{size:A4;margin:18mm}body{font:10pt/1.4 sans-serif;color:#111;max-width:180mm;margin:8mm auto}\
h1{font-size:16pt;margin:0 0 4mm}table{border-collapse:collapse;width:100%;margin:6mm 0}th,td{text-align:left;padding:1.5mm 2mm;\
border-bottom:.2mm solid #999;vertical-align:top}th{border-bottom:.5mm solid #111}.n{text-align:right;white-space:nowrap}\
thead{display:table-header-group}tr{break-inside:avoid}dl{display:grid;grid-template-columns:max-content 1fr;gap:1mm 6mm}dt{color:#555}dd{margin:0}\
@media print{body{margin:0;max-width:none}}";

/// Returns the page, titled with the order's formatted number. `day` formats a day for the reader.
/// A later revision marks the lines that it changed.
pub fn page(
    (order, number): (&PurchaseOrder, &str),
    buyer: &str,
    supplier: &Party,
    store: &Party,
    day: impl Fn(i32) -> String,
) -> String {
    let mut title = format!("Purchase order {number}");
    if order.revision > 1 {
        title.push_str(&format!(", revision {}", order.revision));
    }
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title><style>{STYLE}</style></head>\n<body>\n<h1>{0}</h1>\n<dl>\n",
        escape_markup(&title)
    );
    let mut term = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            html.push_str(&format!("<dt>{name}</dt><dd>{}</dd>\n", escape_markup(&value)));
        }
    };
    term("Buyer", Some(buyer.to_owned()));
    term("Supplier", Some(format!("{} ({})", supplier.name, supplier.code)));
    term("Deliver to", Some(format!("{} ({})", store.name, store.code)));
    term("State", Some(order.status().as_str().replace('_', " ").to_lowercase()));
    term("Your reference", order.external_ref.clone());
    term("Expected on", order.expected_on.map(&day));
    term("Note", order.note.clone());
    html.push_str(
        "</dl>\n<table><thead><tr><th>#</th><th>Product</th><th>Your SKU</th><th class=\"n\">Quantity</th><th class=\"n\">Unit cost</th><th class=\"n\">Total</th></tr></thead>\n<tbody>\n",
    );
    for line in &order.lines {
        html.push_str(&row(line, order.revision, &day));
    }
    html.push_str("</tbody>\n<tbody>\n");
    let mut sum = |name: &str, amount: Money| {
        let name = escape_markup(name);
        html.push_str(&format!("<tr><td></td><td colspan=\"4\">{name}</td><td class=\"n\">{}</td></tr>\n", amount.amount()));
    };
    let (in_order_currency, in_other_currencies): (Vec<&Charge>, Vec<&Charge>) =
        order.order_supplier_charges().partition(|charge| charge.is_in_order_currency());
    for charge in in_order_currency {
        sum(&charge.name, charge.amount);
    }
    if let Some(total) = order.billed_total() {
        sum(&format!("Total ({})", order.currency), total);
    }
    for charge in in_other_currencies {
        sum(&format!("{} ({})", charge.name, charge.amount.currency), charge.amount);
    }
    html.push_str("</tbody></table>\n</body></html>\n");
    html
}

/// Returns the mark of a line that this revision changed or that was cancelled; empty for other
/// lines.
fn revision_mark(line: &Line, revision: u16) -> &'static str {
    match line.cancelled_at {
        Some(_) => "<br><b>cancelled</b>",
        None if revision > 1 && line.revision == revision => "<br><b>changed</b>",
        None => "",
    }
}

fn row(line: &Line, revision: u16, day: impl Fn(i32) -> String) -> String {
    let expected = line.expected_on.map(|on| format!("<br>expected on {}", escape_markup(&day(on)))).unwrap_or_default();
    format!(
        "<tr><td>{}</td><td>{}<br>{}{expected}{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
        line.position,
        escape_markup(&line.name),
        escape_markup(&line.sku),
        revision_mark(line, revision),
        escape_markup(line.supplier_sku.as_deref().unwrap_or_default()),
        units(line.quantity, line.decimals),
        line.unit_cost.amount(),
        line.total.amount(),
    )
}

/// Formats smallest units as whole ones: 1,500 of three decimals is 1.500.
fn units(quantity: Quantity, decimals: u8) -> String {
    let scale = 10_i64.pow(u32::from(decimals));
    let (whole, rest) = (quantity.get() / scale, quantity.get() % scale);
    if decimals == 0 { whole.to_string() } else { format!("{whole}.{rest:0width$}", width = usize::from(decimals)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_written_in_whole_units() {
        let q = |n| Quantity::new(n).unwrap();
        assert_eq!([units(q(12), 0), units(q(1_500), 3), units(q(7), 2)], ["12", "1.500", "0.07"]);
    }

    #[test]
    fn names_cannot_write_into_the_page() {
        assert_eq!(escape_markup("<b a=\"'\">&"), "&lt;b a=&quot;&#39;&quot;&gt;&amp;");
    }
}
