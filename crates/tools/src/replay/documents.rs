//! The plan's documents as inputs of the API's mutations. Nothing is copied that can be borrowed.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::error::ReplayError;
use super::plan::{CURRENCY, Charge, Document, Line, Plan, Product, TIME_ZONE};
use super::rule;

/// Maximum lines of `orderCreate` and `returnCreate`.
pub const LINES_LIMIT: usize = 2_000;
/// Maximum changes of `stockAdjust`, and rows of the bulk upserts.
pub const CHANGES_LIMIT: usize = 500;
/// Reference that the calls of the opening receipt share.
pub const OPENING: &str = "OPENING";

/// The server's IDs of the plan's numbered objects.
#[derive(Debug, Default)]
pub struct Ids {
    pub store: String,
    /// By the plan's product number.
    pub products: Vec<Box<str>>,
    /// By the plan's customer number.
    pub customers: Vec<Box<str>>,
}

#[derive(Serialize)]
pub struct ById<'a> {
    pub id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Money {
    amount: String,
    currency_code: &'static str,
}

impl Money {
    pub fn pence(pence: i64) -> Self {
        Self { amount: rule::format_amount(pence), currency_code: CURRENCY }
    }
}

/// The variables of a mutation that takes one input object.
#[derive(Serialize)]
pub struct Input<T> {
    pub input: T,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderInput<'a> {
    idempotency_key: String,
    store: ById<'a>,
    external_ref: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_country: Option<&'static str>,
    placed_at: String,
    status: &'static str,
    lines: Vec<LineInput<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReturnInput<'a> {
    idempotency_key: String,
    store: ById<'a>,
    external_ref: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<&'a str>,
    receive: bool,
    occurred_at: String,
    lines: Vec<LineInput<'a>>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct LineInput<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<ById<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_price: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disposition: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    matches: Vec<MatchInput<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MatchInput<'a> {
    order_line_id: &'a str,
    quantity: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdjustInput<'a> {
    pub idempotency_key: String,
    kind: &'static str,
    reason_code: &'static str,
    external_ref: String,
    occurred_at: String,
    changes: Vec<ChangeInput<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangeInput<'a> {
    product: ById<'a>,
    store: ById<'a>,
    delta: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_cost: Option<Money>,
    #[serde(skip_serializing_if = "str::is_empty")]
    note: &'a str,
}

/// Makes inputs of one plan for one store.
pub struct Writer<'a> {
    pub plan: &'a Plan,
    pub ids: &'a Ids,
    zone: TimeZone,
}

impl<'a> Writer<'a> {
    pub fn new(plan: &'a Plan, ids: &'a Ids) -> Result<Self, ReplayError> {
        Ok(Self { plan, ids, zone: time_zone()? })
    }

    pub fn order_input(&self, document: &'a Document) -> Result<OrderInput<'a>, ReplayError> {
        let products = self.plan.lines_of(document).iter().map(|line| self.line_input(line));
        Ok(OrderInput {
            idempotency_key: format!("ORDER-{}", document.invoice),
            store: self.store(),
            external_ref: &document.invoice,
            customer_id: self.customer(document),
            shipping_country: document.country,
            placed_at: self.to_utc(document.time)?,
            status: "FULFILLED",
            lines: products.chain(self.plan.charges_of(document).iter().map(charge_input)).collect(),
        })
    }

    /// `order_line_id` returns the server's ID of every order line that the return's pieces name.
    pub fn return_input(
        &self,
        document: &'a Document,
        order_line_id: impl Fn(u32) -> Option<&'a str>,
    ) -> Result<ReturnInput<'a>, ReplayError> {
        let mut pieces = self.plan.pieces_of(document);
        let mut lines = Vec::with_capacity(document.lines.len() + document.charges.len());
        for (line_index, line) in document.lines.clone().zip(self.plan.lines_of(document)) {
            let matched_end = pieces.partition_point(|p| p.return_line <= line_index);
            let matches = pieces[..matched_end].iter().map(|piece| {
                let order_line_id = order_line_id(piece.order_line).ok_or_else(|| ReplayError::Answer {
                    what: format!("return {}", document.invoice),
                    reason: "an order line that it is matched with has no id".to_owned(),
                })?;
                Ok(MatchInput { order_line_id, quantity: piece.units })
            });
            let matches = matches.collect::<Result<_, ReplayError>>()?;
            lines.push(LineInput { disposition: Some("RESTOCK"), matches, ..self.line_input(line) });
            pieces = &pieces[matched_end..];
        }
        lines.extend(self.plan.charges_of(document).iter().map(charge_input));
        Ok(ReturnInput {
            idempotency_key: format!("RETURN-{}", document.invoice),
            store: self.store(),
            external_ref: &document.invoice,
            customer_id: self.customer(document),
            receive: true,
            occurred_at: self.to_utc(document.time)?,
            lines,
        })
    }

    /// Usually one call; several, one after another, if an invoice adjusts more than
    /// [`CHANGES_LIMIT`] rows.
    pub fn adjustment_inputs(&self, document: &'a Document) -> Result<Vec<AdjustInput<'a>>, ReplayError> {
        let occurred_at = self.to_utc(document.time)?;
        let reference = adjustment_reference(document);
        let parts = self.plan.lines_of(document).chunks(CHANGES_LIMIT).zip(1..);
        let inputs = parts.map(|(lines, part)| AdjustInput {
            idempotency_key: if part == 1 { reference.clone() } else { format!("{reference}-{part}") },
            kind: "ADJUSTMENT",
            reason_code: self.movement_reason(lines),
            external_ref: reference.clone(),
            occurred_at: occurred_at.clone(),
            changes: lines.iter().map(|line| self.change_input(line)).collect(),
        });
        Ok(inputs.collect())
    }

    /// The opening receipt in calls that share one reference; products that open with nothing have no line.
    pub fn opening_inputs(&self) -> Result<Vec<AdjustInput<'a>>, ReplayError> {
        let occurred_at = self.to_utc(self.plan.opening_time)?;
        let stocked: Vec<(&Product, &Box<str>)> =
            self.plan.products.iter().zip(&self.ids.products).filter(|(p, _)| p.opening > 0).collect();
        let inputs = stocked.chunks(CHANGES_LIMIT).zip(1..).map(|(products, part)| AdjustInput {
            idempotency_key: format!("{OPENING}-{part}"),
            kind: "RECEIPT",
            reason_code: "OPENING",
            external_ref: OPENING.to_owned(),
            occurred_at: occurred_at.clone(),
            changes: products.iter().map(|(product, id)| self.receipt_change(product, id)).collect(),
        });
        Ok(inputs.collect())
    }

    fn receipt_change(&self, product: &Product, id: &'a str) -> ChangeInput<'a> {
        let unit_cost = Some(Money::pence(product.cost));
        ChangeInput { product: ById { id }, store: self.store(), delta: product.opening, unit_cost, note: "" }
    }

    fn change_input(&self, line: &Line) -> ChangeInput<'a> {
        let note = &*self.plan.notes[line.note as usize];
        ChangeInput { product: self.product(line), store: self.store(), delta: line.quantity, unit_cost: None, note }
    }

    fn line_input(&self, line: &Line) -> LineInput<'a> {
        let unit_price = Some(Money::pence(line.price));
        LineInput { product: Some(self.product(line)), quantity: line.quantity, unit_price, ..LineInput::default() }
    }

    fn product(&self, line: &Line) -> ById<'a> {
        ById { id: &self.ids.products[line.product as usize] }
    }

    fn store(&self) -> ById<'a> {
        ById { id: &self.ids.store }
    }

    fn customer(&self, document: &Document) -> Option<&'a str> {
        document.customer.map(|number| &*self.ids.customers[number as usize])
    }

    fn to_utc(&self, local: DateTime) -> Result<String, ReplayError> {
        Ok(to_instant(&self.zone, local)?.to_string())
    }

    /// A movement has one reason; each change keeps its clerk's words as its note.
    fn movement_reason(&self, lines: &[Line]) -> &'static str {
        let note_texts = lines.iter().map(|line| self.plan.notes[line.note as usize].to_lowercase());
        let is_mentioned = |part: &str| note_texts.clone().any(|w| w.contains(part));
        if ["damag", "broke", "crush", "wet", "mould", "rust", "faulty", "smash", "crack"].into_iter().any(is_mentioned) {
            "DAMAGE"
        } else if ["wrong", "incorrect", "adjust", "error", "mix", "check", "code"].into_iter().any(is_mentioned) {
            "CORRECTION"
        } else if lines.iter().map(|line| line.quantity).sum::<i64>() > 0 {
            "FOUND"
        } else {
            "LOSS"
        }
    }
}

/// The zone of the file's times.
pub fn time_zone() -> Result<TimeZone, ReplayError> {
    TimeZone::get(TIME_ZONE).map_err(invalid_time)
}

/// The moment of a local time.
pub fn to_instant(zone: &TimeZone, local: DateTime) -> Result<jiff::Timestamp, ReplayError> {
    zone.to_timestamp(local).map_err(invalid_time)
}

fn invalid_time(error: jiff::Error) -> ReplayError {
    ReplayError::TimeZone { zone: TIME_ZONE, reason: error.to_string() }
}

/// Returns the reference that the calls of an adjustment share.
pub fn adjustment_reference(document: &Document) -> String {
    format!("ADJ-{}", document.invoice)
}

/// A charge has no product; a credit taken back keeps a positive quantity and turns its price.
fn charge_input(charge: &Charge) -> LineInput<'_> {
    LineInput {
        kind: Some("CHARGE"),
        name: Some(&charge.name),
        quantity: charge.quantity.abs(),
        unit_price: Some(Money::pence(charge.signed_price())),
        ..LineInput::default()
    }
}
