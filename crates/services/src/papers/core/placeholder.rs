//! Placeholders in texts of papers: a fixed list of names, each replaced by a value of the paper.

use entity::prelude::*;

/// Maximum characters of a wrong placeholder in an error.
const MAX_EXCERPT_CHARACTERS: usize = 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    DocumentNumber,
    DocumentDate,
    OrderNumber,
    OrderReference,
    Total,
    DueDate,
    ExpectedDate,
    InvoiceNumber,
}

/// A part of a text.
enum Part<'a> {
    Words(&'a str),
    /// Name between double braces.
    Name(&'a str),
}

impl Placeholder {
    pub const ALL: [Self; 8] = [
        Self::DocumentNumber,
        Self::DocumentDate,
        Self::OrderNumber,
        Self::OrderReference,
        Self::Total,
        Self::DueDate,
        Self::ExpectedDate,
        Self::InvoiceNumber,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::DocumentNumber => "document.number",
            Self::DocumentDate => "document.date",
            Self::OrderNumber => "order.number",
            Self::OrderReference => "order.reference",
            Self::Total => "total",
            Self::DueDate => "due.date",
            Self::ExpectedDate => "expected.date",
            Self::InvoiceNumber => "invoice.number",
        }
    }

    /// Whether papers of a kind have it.
    pub const fn is_of(self, kind: PaperKind) -> bool {
        use PaperKind::{
            CollectSlip, CreditNote, DeliveryNote, Invoice, OrderConfirmation, PackingSlip, PickingList, PurchaseOrder,
        };
        match self {
            Self::DocumentNumber | Self::DocumentDate => true,
            Self::OrderNumber => {
                matches!(kind, PackingSlip | PickingList | CollectSlip | DeliveryNote | OrderConfirmation | Invoice | CreditNote)
            }
            Self::OrderReference => matches!(kind, DeliveryNote | OrderConfirmation | PurchaseOrder | Invoice | CreditNote),
            Self::Total => matches!(kind, OrderConfirmation | PurchaseOrder | Invoice | CreditNote),
            Self::DueDate => matches!(kind, Invoice),
            Self::ExpectedDate => matches!(kind, PurchaseOrder),
            Self::InvoiceNumber => matches!(kind, CreditNote),
        }
    }

    /// Returns the placeholder names of a kind of paper.
    pub fn names(kind: PaperKind) -> Vec<&'static str> {
        Self::ALL.iter().filter(|one| one.is_of(kind)).map(|one| one.name()).collect()
    }

    fn parse(name: &str, kind: PaperKind) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name && one.is_of(kind))
    }

    /// Returns the placeholders of a text.
    ///
    /// # Errors
    /// The first name that the kind does not have, or the text after braces that are never closed.
    pub fn parse_placeholders(text: &str, kind: PaperKind) -> Result<Vec<Self>, String> {
        let (parts, open) = parts(text);
        let mut placeholders = Vec::new();
        for part in parts {
            if let Part::Name(name) = part {
                placeholders.push(Self::parse(name, kind).ok_or_else(|| excerpt(name))?);
            }
        }
        open.map_or(Ok(placeholders), |rest| Err(excerpt(rest)))
    }

    /// Returns the text with the placeholders replaced by their values.
    pub fn fill(text: &str, kind: PaperKind, value: impl Fn(Self) -> String) -> String {
        let (parts, _) = parts(text);
        let filled = parts.into_iter().map(|part| match part {
            Part::Words(words) => words.to_owned(),
            Part::Name(name) => Self::parse(name, kind).map(&value).unwrap_or_default(),
        });
        filled.collect()
    }
}

fn excerpt(name: &str) -> String {
    name.chars().take(MAX_EXCERPT_CHARACTERS).collect()
}

/// Returns the parts of a text, and the text after braces that are never closed.
fn parts(text: &str) -> (Vec<Part<'_>>, Option<&str>) {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((words, after)) = rest.split_once("{{") {
        parts.push(Part::Words(words));
        let Some((name, next)) = after.split_once("}}") else { return (parts, Some(after.trim())) };
        parts.push(Part::Name(name.trim()));
        rest = next;
    }
    parts.push(Part::Words(rest));
    (parts, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in_and_all_else_stays() {
        let value = |one: Placeholder| format!("[{}]", one.name());
        let text = "No. {{document.number}}, {{ total }}}} of {order.number}\n{{document.number}}";
        let filled = Placeholder::fill(text, PaperKind::Invoice, value);
        assert_eq!(filled, "No. [document.number], [total]}} of {order.number}\n[document.number]");
        // A value is never read for names.
        let filled = Placeholder::fill("{{total}}", PaperKind::Invoice, |_| "{{due.date}}".to_owned());
        assert_eq!(filled, "{{due.date}}");
    }

    #[test]
    fn each_kind_has_its_number_and_its_day() {
        for kind in PaperKind::ALL {
            assert_eq!(Placeholder::names(*kind)[..2], ["document.number", "document.date"], "{kind}");
        }
        assert!(Placeholder::names(PaperKind::Invoice).contains(&"due.date"));
        assert!(!Placeholder::names(PaperKind::PackingSlip).contains(&"total"), "a packing slip has no amounts");
    }
}
