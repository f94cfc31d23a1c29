//! Applies a tenant's look to a drawn sheet, and draws a sample document to preview it.

use entity::prelude::*;

use super::{
    design::{DesignSettings, GoodsColumn},
    phrases::Phrases,
    placeholder::Placeholder,
    sheet::{Logo, Sheet, SheetStyle, Table, figure_column, text_column},
};

/// Placeholder for a value that a document does not have.
const MISSING_VALUE: &str = "–";

/// More facts of goods that can be printed, by the SKU on the paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoodsDetails {
    pub sku: String,
    /// The product's first barcode.
    pub barcode: Option<String>,
    pub unit: String,
}

/// A look, and the data of a document that it needs.
#[derive(Debug, Clone)]
pub struct PaperDesign<'a> {
    pub design: &'a DesignSettings,
    pub logo: Option<Logo>,
    pub kind: PaperKind,
    pub locale: PaperLocale,
    /// Printed number of the document.
    pub number: &'a str,
    /// Due day of an invoice.
    pub due: Option<String>,
    pub marks: &'a [GoodsDetails],
}

impl PaperDesign<'_> {
    /// Applies the look to a sheet.
    pub fn apply(self, sheet: &mut Sheet) {
        let (design, words) = (self.design, Phrases::of(self.locale));
        if let Some(text) = design.text(self.kind) {
            let text = Placeholder::fill(text, self.kind, |placeholder| self.value(sheet, placeholder));
            sheet.notes.push(text);
        }
        // The issuer of an invoice was frozen with it.
        let is_senders = !matches!(self.kind, PaperKind::Invoice | PaperKind::CreditNote) && !design.sender.is_empty();
        if is_senders && let Some(from) = sheet.parties.iter_mut().find(|party| party.role == words.from) {
            let store = from.lines.split_off(from.lines.len().min(1));
            from.lines = design.sender.iter().cloned().chain(store).collect();
        }
        for table in &mut sheet.tables {
            if let Some(index) = table.columns.iter().position(|column| column.title == words.sku) {
                self.columns(table, index);
            }
        }
        sheet.style = SheetStyle {
            header: design.header.clone(),
            footer: design.footer.clone(),
            accent: design.accent.clone(),
            logo: self.logo,
        };
    }

    fn value(&self, sheet: &Sheet, placeholder: Placeholder) -> String {
        let words = Phrases::of(self.locale);
        let fact = |name: &str| sheet.facts.iter().find(|fact| fact.name == name).map(|fact| fact.value.clone());
        let text = match placeholder {
            Placeholder::DocumentNumber => Some(self.number.to_owned()),
            Placeholder::OrderNumber if self.kind == PaperKind::OrderConfirmation => Some(self.number.to_owned()),
            Placeholder::OrderNumber => fact(words.order),
            Placeholder::DocumentDate => fact(words.date),
            Placeholder::OrderReference => fact(words.reference),
            Placeholder::Total => sheet.sums.iter().rfind(|sum| sum.name == words.total).map(|sum| sum.value.clone()),
            Placeholder::DueDate => self.due.clone(),
            Placeholder::ExpectedDate => fact(words.expected_on),
            Placeholder::InvoiceNumber => fact(words.of_invoice),
        };
        text.unwrap_or_else(|| MISSING_VALUE.to_owned())
    }

    /// Adds the look's columns of goods: the SKU and the barcode before the product, the unit after
    /// it. The SKU's is at `sku_index`.
    fn columns(&self, table: &mut Table, sku_index: usize) {
        let (barcode, unit) = column_titles(self.locale);
        for row in &mut table.rows {
            let Some(sku) = row.get(sku_index).cloned() else { continue };
            let mark = self.marks.iter().find(|mark| mark.sku == sku);
            if self.design.shows(GoodsColumn::Unit) {
                row.insert(row.len().min(sku_index + 2), mark.map(|mark| mark.unit.clone()).unwrap_or_default());
            }
            if self.design.shows(GoodsColumn::Barcode) {
                row.insert(sku_index + 1, mark.and_then(|mark| mark.barcode.clone()).unwrap_or_default());
            }
            if !self.design.shows(GoodsColumn::Sku) {
                row.remove(sku_index);
            }
        }
        if self.design.shows(GoodsColumn::Unit) {
            table.columns.insert(table.columns.len().min(sku_index + 2), text_column(unit, 2));
        }
        if self.design.shows(GoodsColumn::Barcode) {
            table.columns.insert(sku_index + 1, text_column(barcode, 5));
        }
        if !self.design.shows(GoodsColumn::Sku) {
            table.columns.remove(sku_index);
        }
    }
}

/// Titles of the optional columns: of the barcode and of the unit.
const fn column_titles(locale: PaperLocale) -> (&'static str, &'static str) {
    match locale {
        PaperLocale::English => ("Barcode", "Unit"),
        PaperLocale::German => ("Barcode", "Einheit"),
        PaperLocale::French => ("Code-barres", "Unité"),
    }
}

/// Draws a paper of a sample document, with everything that a look can show.
pub fn sample(design: &DesignSettings, logo: Option<Logo>, kind: PaperKind, locale: PaperLocale) -> Sheet {
    let words = Phrases::of(locale);
    let number = "1042";
    let mut sheet = Sheet::new(words.tag, format!("{} {number}", words.title(kind)));
    sheet.add_party(words.from, vec!["Example Ltd".to_owned(), "Store 1".to_owned()]);
    sheet.add_party(words.deliver_to, vec!["A. Customer".to_owned(), "1 High Street".to_owned(), "LS1 1AA Leeds".to_owned()]);
    sheet.add_fact(words.date, Some("2026-01-15".to_owned()));
    sheet.add_fact(words.order, Some("SO-001042".to_owned()));
    sheet.add_fact(words.reference, Some("REF-7".to_owned()));
    if Placeholder::ExpectedDate.is_of(kind) {
        sheet.add_fact(words.expected_on, Some("2026-02-01".to_owned()));
    }
    if Placeholder::InvoiceNumber.is_of(kind) {
        sheet.add_fact(words.of_invoice, Some("INV-17".to_owned()));
    }
    let (price, total) = (Money::new(450, Currency::GBP), Money::new(900, Currency::GBP));
    let mut columns = vec![text_column(words.sku, 4), text_column(words.product, 7), figure_column(words.quantity, 3)];
    let mut row = vec!["MUG-1".to_owned(), "Mug".to_owned(), words.units(2, 0)];
    let is_priced = Placeholder::Total.is_of(kind);
    if is_priced {
        columns.extend([figure_column(words.unit_price, 3), figure_column(words.total, 3)]);
        row.extend([words.amount(price), words.amount(total)]);
    }
    sheet.tables.push(Table { heading: None, columns, rows: vec![row] });
    if is_priced {
        sheet.add_sum(words.total, words.money(total));
    }
    let marks = [GoodsDetails { sku: "MUG-1".to_owned(), barcode: Some("4006381333931".to_owned()), unit: "each".to_owned() }];
    let due = Placeholder::DueDate.is_of(kind).then(|| "2026-01-29".to_owned());
    PaperDesign { design, logo, kind, locale, number, due, marks: &marks }.apply(&mut sheet);
    sheet
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            design::{DesignChanges, KindText},
            sheet::Fact,
        },
        *,
    };
    use inventory::catalog::core::Patch;

    fn design() -> DesignSettings {
        let text = "Order {{order.number}} of {{document.date}}: {{total}}, ref. {{order.reference}}".to_owned();
        DesignSettings::default().with(DesignChanges {
            sender: Patch::Set(vec!["Mugs & More".to_owned(), "IBAN 42".to_owned()]),
            columns: Patch::Set(vec![GoodsColumn::Barcode, GoodsColumn::Unit]),
            texts: Patch::Set(vec![KindText { kind: PaperKind::Invoice, text }]),
            ..DesignChanges::default()
        })
    }

    #[test]
    fn a_sheet_has_the_columns_and_the_sender_of_its_tenant() {
        let sheet = sample(&design(), None, PaperKind::PackingSlip, PaperLocale::German);
        let titles: Vec<&str> = sheet.tables[0].columns.iter().map(|column| column.title.as_str()).collect();
        assert_eq!(titles, ["Barcode", "Artikel", "Einheit", "Menge"]);
        assert_eq!(sheet.tables[0].rows, [["4006381333931", "Mug", "each", "2"]]);
        assert_eq!(sheet.parties[0].lines, ["Mugs & More", "IBAN 42", "Store 1"]);
        assert!(sheet.notes.is_empty() && sheet.sums.is_empty(), "no text of another kind, and no amount");
    }

    #[test]
    fn the_columns_of_a_tenant_are_beside_the_sku_wherever_it_is() {
        let (design, words) = (design(), Phrases::of(PaperLocale::English));
        let columns = vec![
            text_column(words.bin_location, 3),
            text_column(words.sku, 4),
            text_column(words.product, 7),
            figure_column(words.quantity, 3),
        ];
        let row = ["A-2", "MUG-1", "Mug", "2"].map(str::to_owned).to_vec();
        let mut sheet = Sheet::new(words.tag, String::new());
        sheet.tables.push(Table { heading: None, columns, rows: vec![row] });
        let marks =
            [GoodsDetails { sku: "MUG-1".to_owned(), barcode: Some("4006381333931".to_owned()), unit: "each".to_owned() }];
        let (kind, locale) = (PaperKind::PickingList, PaperLocale::English);
        PaperDesign { design: &design, logo: None, kind, locale, number: "1", due: None, marks: &marks }.apply(&mut sheet);
        assert_eq!(sheet.tables[0].rows, [["A-2", "4006381333931", "Mug", "each", "2"]]);
        assert_eq!(sheet.tables[0].columns.len(), 5);
    }

    #[test]
    fn an_invoice_keeps_who_issued_it_and_has_its_text_filled_in() {
        let sheet = sample(&design(), None, PaperKind::Invoice, PaperLocale::English);
        assert_eq!(sheet.parties[0].lines, ["Example Ltd", "Store 1"]);
        assert_eq!(sheet.notes, ["Order SO-001042 of 2026-01-15: 9.00 GBP, ref. REF-7"]);
    }

    #[test]
    fn the_look_before_any_is_set_changes_nothing_but_the_style() {
        let plain = sample(&DesignSettings::default(), None, PaperKind::OrderConfirmation, PaperLocale::English);
        assert_eq!((plain.style.clone(), plain.tables[0].columns.len()), (SheetStyle::default(), 5));
        assert_eq!(plain.sums, [Fact { name: "Total".to_owned(), value: "9.00 GBP".to_owned() }]);
    }
}
