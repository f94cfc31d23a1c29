//! Rows of one order, read as an order to place or to compare with an existing one.

use entity::prelude::*;
use inventory::{
    catalog::core::text::{fold, normal_form},
    ledger::StoreRef,
    orders::{
        core::Order,
        shell::{MAX_LINES, NewOrderLine, NewOrderStatus, OrderCreate},
    },
    stock::core::{At, Field, Shortage},
};
use platform::clock;

use crate::exchange::core::{
    Noun, OrderRefusal, Refusal, Refused, order_lines,
    orders::ORDER_ROWS,
    record::{Cells, Record, ResolvedNames},
};

const _: () = assert!(ORDER_ROWS == MAX_LINES);

/// Order read from its rows. An empty cell is ignored; fields of the order itself may be in one of
/// its rows or in all of them.
pub(super) struct ParsedOrder {
    /// The numbers of its rows, one for each line.
    rows: Vec<i64>,
    /// Or the number of an order that is here.
    pub reference: Result<String, i64>,
    pub channel: Option<ChannelId>,
    store: StoreId,
    pub customer: Option<CustomerId>,
    placed_at: Option<Timestamp>,
    status: Option<String>,
    register: Option<String>,
    lines: Vec<NewOrderLine>,
}

/// The first row with a value for a field of the order; fails with the first row that has a
/// different value.
fn common_value<'c, 'r>(rows: &'c [Cells<'r>], field: &str) -> Result<&'c Cells<'r>, Refused> {
    // Codes and keywords ignore case; registers, and external IDs of customers, do not.
    let key = if ["customer", "register"].contains(&field) { normal_form } else { fold };
    let value_of = |cells: &Cells<'r>| cells.text(field).map(str::trim).filter(|text| !text.is_empty()).map(key);
    let first = rows.iter().find(|cells| value_of(cells).is_some()).unwrap_or(&rows[0]);
    let expected = value_of(first);
    match rows.iter().find(|cells| value_of(cells).is_some() && value_of(cells) != expected) {
        None => Ok(first),
        Some(other) => {
            let refusal = OrderRefusal::Disagrees { first: first.row(), field: field.to_owned() };
            Err(Refused::new(other.row(), field, Refusal::Order(refusal)))
        }
    }
}

impl ParsedOrder {
    /// Reads the rows of one order; returns all refusals at once, one for each row.
    pub(super) fn read(rows: &[Record], names: &ResolvedNames) -> Result<Self, Vec<Refused>> {
        let mut cells = Vec::with_capacity(rows.len());
        for row in rows {
            cells.push(Cells::of(Noun::Orders, row).map_err(|refused| vec![refused])?);
        }
        let mut refused = Vec::new();
        let mut lines = Vec::with_capacity(cells.len());
        for row in &cells {
            match order_lines::read(row, names) {
                Ok(line) => lines.push(line),
                Err(row_refusal) => refused.push(row_refusal),
            }
        }
        match Self::head(&cells, names) {
            Ok(order) if refused.is_empty() => Ok(Self { lines, ..order }),
            Ok(_) => Err(refused),
            Err(row_refusal) => {
                refused.retain(|other| other.number != row_refusal.number);
                refused.push(row_refusal);
                Err(refused)
            }
        }
    }

    /// Reads the fields of the order itself.
    fn head(cells: &[Cells<'_>], names: &ResolvedNames) -> Result<Self, Refused> {
        let first = &cells[0];
        let text = |field: &str| first.text(field).map(str::trim).filter(|text| !text.is_empty());
        let reference = match (text("externalRef"), text("number").map(str::parse)) {
            (Some(reference), _) => Ok(reference.to_owned()),
            (None, Some(Ok(number))) => Err(number),
            (None, _) => return Err(Refused::required(first.row(), "externalRef")),
        };
        let placed_row = common_value(cells, "placedAt")?;
        let placed_at = match placed_row.text("placedAt") {
            None => None,
            Some(text) => Some(
                clock::parse_rfc3339(text.trim()).ok_or_else(|| Refused::new(placed_row.row(), "placedAt", Refusal::NoMoment))?,
            ),
        };
        Ok(Self {
            rows: cells.iter().map(Cells::row).collect(),
            reference,
            channel: common_value(cells, "channel")?.resolve_name(("channel", "channel"), &names.channels, fold)?,
            store: common_value(cells, "store")?.store(names)?,
            customer: common_value(cells, "customer")?.resolve_name(("customer", "customer"), &names.customers, normal_form)?,
            placed_at,
            status: common_value(cells, "status")?.text("status").map(|text| text.trim().to_uppercase()),
            register: common_value(cells, "register")?
                .text("register")
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned),
            lines: Vec::new(),
        })
    }

    /// The order to place, under this idempotency key; refused if its rows can only be those of an
    /// existing order.
    pub(super) fn order(&self, idempotency_key: String) -> Result<OrderCreate, Refused> {
        let Ok(reference) = &self.reference else { return Err(Refused::required(self.first(), "externalRef")) };
        let status = match self.status.as_deref() {
            None | Some("CONFIRMED") => NewOrderStatus::Confirmed,
            Some("DRAFT") => NewOrderStatus::Draft,
            Some("PENDING") => NewOrderStatus::Pending,
            Some("FULFILLED") => NewOrderStatus::Fulfilled,
            Some(_) => return Err(Refused::new(self.first(), "status", Refusal::Order(OrderRefusal::FirstStatus))),
        };
        Ok(OrderCreate {
            idempotency_key,
            store: StoreRef::Id(self.store),
            channel: self.channel,
            external_ref: Some(reference.clone()),
            customer: self.customer,
            placed_at: self.placed_at,
            country: None,
            register: self.register.clone(),
            status,
            reservations: Vec::new(),
            on_shortage: Shortage::Refuse,
            sourcing: None,
            detail: None,
            payments: Vec::new(),
            lines: self.lines.clone(),
        })
    }

    /// The number of its first row.
    pub(super) fn first(&self) -> i64 {
        self.rows[0]
    }

    /// The row of the first product line with an explicit price.
    pub(super) fn first_priced_row(&self) -> Option<i64> {
        let is_priced = |line: &NewOrderLine| line.kind == LineKind::Product && line.unit_price.is_some();
        Some(self.rows[self.lines.iter().position(is_priced)?])
    }

    /// Returns a refusal by `orderCreate` (code, text) at its row and column.
    pub(super) fn refused(&self, (code, words): (String, String), position: At) -> Refused {
        let at = match position.row {
            Some((Field::Lines, at)) if at < self.rows.len() => at,
            _ => 0,
        };
        Refused::new(self.rows[at], column(position), Refusal::ByRoom { code, words })
    }

    /// Returns the first difference between the rows and the existing order, whose status does not
    /// matter.
    pub(super) fn difference(&self, order: &Order) -> Option<Refused> {
        let head = [
            ("channel", self.channel.is_some_and(|channel| channel != order.channel)),
            ("store", self.store != order.store),
            ("customer", self.customer.is_some() && self.customer != order.customer),
            ("placedAt", self.placed_at.is_some_and(|at| at != order.placed_at)),
            // Cells are read without the blanks around them, which a code of an earlier version may have.
            ("register", self.register.is_some() && self.register.as_deref() != order.register.as_deref().map(str::trim)),
        ];
        if let Some((field, _)) = head.iter().find(|(_, is_different)| *is_different) {
            return Some(self.difference_refusal(0, field, order));
        }
        if self.lines.len() != order.lines.len() {
            return Some(self.difference_refusal(0, "lines", order));
        }
        let mut lines = self.lines.iter().zip(&order.lines).enumerate();
        lines.find_map(|(at, (imported, line))| {
            Some(self.difference_refusal(at, order_lines::first_difference(imported, line)?, order))
        })
    }

    fn difference_refusal(&self, at: usize, field: &str, order: &Order) -> Refused {
        let refusal = OrderRefusal::Differs { number: order.number, field: field.to_owned() };
        Refused::new(self.rows[at], field, Refusal::Order(refusal))
    }
}

/// The column of a place in an order; empty for a line as a whole, or all lines.
fn column(position: At) -> &'static str {
    match position.field {
        Some(Field::Channel) => "channel",
        Some(Field::Customer) => "customer",
        Some(Field::Store) => "store",
        Some(Field::ExternalRef) => "externalRef",
        Some(Field::PlacedAt) => "placedAt",
        Some(Field::Register) => "register",
        Some(field) => order_lines::column_of(field),
        None => "",
    }
}
